ARG BASE
FROM ${BASE}
COPY node /usr/local/bin/node
COPY maildev/node_modules /home/node/app/node_modules
RUN ln -s node_modules/maildev/dist /home/node/app/dist
