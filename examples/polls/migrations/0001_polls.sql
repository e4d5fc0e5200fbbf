CREATE TABLE polls (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    question text NOT NULL CHECK (length(question) BETWEEN 1 AND 200),
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE choices (
    poll bigint NOT NULL REFERENCES polls ON DELETE CASCADE,
    position smallint NOT NULL,
    label text NOT NULL CHECK (length(label) BETWEEN 1 AND 100),
    PRIMARY KEY (poll, position)
);

CREATE TABLE votes (
    poll bigint NOT NULL,
    position smallint NOT NULL,
    voter uuid NOT NULL,
    PRIMARY KEY (poll, voter),
    FOREIGN KEY (poll, position) REFERENCES choices ON DELETE CASCADE
);

CREATE INDEX votes_voter ON votes (voter);
