# Plexica's one place of commands: people, CI and pre-commit call these and nothing else.
PYTHON ?= python3
VENV := .venv/bin
LOCAL := $(VENV)/python -m deploy.local


.DEFAULT_GOAL := help
.PHONY: help venv up down restart status logs reset demo test fetch lint fix prove screenshots docs
.PHONY: openapi permissions manifest reference messages requirements sbom sdk release

help: ## Show these targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 14

venv:
	@$(PYTHON) deploy/bootstrap.py

up: venv ## Start the whole platform on this machine, fetching what is missing
	@$(LOCAL) up

down: venv ## Stop it; the data stays
	@$(LOCAL) down

restart: venv ## Migrate and start Plexica's own processes anew, on changed code
	@$(LOCAL) restart

status: venv ## Say what runs and answers
	@$(LOCAL) status

logs: venv ## Show the logs (PART="web worker" for some)
	@$(LOCAL) logs $(PART)

reset: venv ## Stop it and remove all its data; asks first (YES=1 does not)
	@$(LOCAL) reset $(if $(YES),--yes)

demo: venv ## Fill the running platform with five lively tenants
	@$(LOCAL) run -- python -m deploy.demo

test: venv fetch ## Run all tests, on servers of their own (ARGS="-k words" for some)
	@PLEXICA_TEST_KEEP=0 $(VENV)/python -m pytest $(ARGS)

fetch: venv
	@$(LOCAL) fetch

lint: venv ## Check style, types, import directions; look for secrets and known faults
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	@$(LOCAL) run -- mypy
	@$(LOCAL) run -- lint-imports
	@$(VENV)/python -m deploy.scan secrets
	@$(VENV)/python -m deploy.scan dependencies

fix: venv ## Mend what the linters can mend
	$(VENV)/ruff check --fix .
	$(VENV)/ruff format .

prove: venv fetch ## Run the long proofs and figures that `make test` leaves out: an hour or two
	@PLEXICA_TEST_KEEP=0 $(VENV)/python -m pytest -m prove $(ARGS)
	@deploy/verify-compose
	@$(VENV)/python -m bench provisioning --tenants 200
	@$(VENV)/python -m bench upgrade
	@$(VENV)/python -m bench permissions
	@$(VENV)/python -m bench tokens
	@$(VENV)/python -m bench sync
	@$(VENV)/python -m bench tenants
	@$(VENV)/python -m bench pages
	@$(VENV)/python -m bench metrics
	@$(VENV)/python -m bench gateway
	@$(VENV)/python -m bench backup
	@$(VENV)/python -m bench isolation

screenshots: venv fetch ## Write docs/images/*.png anew, after a change of how pages look
	@PLEXICA_SCREENSHOTS=docs/images $(VENV)/python -m pytest -q -m prove tests/e2e/test_pages.py

docs: venv ## Build the documentation into site/
	@NO_MKDOCS_2_WARNING=1 $(VENV)/mkdocs build --strict --quiet

openapi: venv ## Write docs/api/*.yaml anew, after a change of the API that is meant
	@$(LOCAL) run -- python manage.py spectacular --validate --fail-on-warn \
	  --urlconf plexica.urls_console --file docs/api/openapi.yaml
	@$(LOCAL) run -- python manage.py spectacular --validate --fail-on-warn \
	  --urlconf plexica.urls_workspace --file docs/api/workspace.yaml \
	  --custom-settings plexica.settings.WORKSPACE_SPECTACULAR_SETTINGS
	@$(LOCAL) run -- python manage.py spectacular --validate --fail-on-warn \
	  --urlconf plexica.urls_internal --file docs/api/host.yaml \
	  --custom-settings plexica.settings.HOST_SPECTACULAR_SETTINGS

.PHONY: metrics
metrics: venv ## Write docs/metrics.md anew, after a change of the metrics
	@$(LOCAL) run -- python manage.py metrics --file docs/metrics.md

permissions: venv ## Write docs/permissions.md anew, after a change of the permissions
	@$(LOCAL) run -- python manage.py permissions --file docs/permissions.md

manifest: venv ## Write docs/plugins/manifest.md and sdk.md anew, after a change of what they describe
	@$(VENV)/python -m plexica_sdk.reference > docs/plugins/manifest.md
	@$(VENV)/python -m plexica_sdk.api_reference > docs/plugins/sdk.md

reference: venv ## Write docs/reference/*.md anew, after a change of what they describe
	@$(LOCAL) run -- python -m deploy.documentation

sbom: venv ## Write the parts lists of a release into dist/sbom/ (CycloneDX)
	@$(VENV)/python -m deploy.sbom dist/sbom

sdk: venv ## Build the SDK's wheel and source distribution into sdk/dist/, and check them
	@$(VENV)/python -m deploy.sdk_release build

release: venv ## Say whether the SDK may be released under a tag (TAG=sdk-v0.1.0)
	@$(VENV)/python -m deploy.sdk_release check $(TAG)

messages: venv ## Gather what is to be translated into locale/
	@$(LOCAL) run -- python manage.py makemessages -l it --no-location --no-wrap \
	  -i node_modules -i .venv -i .plexica -i tests -i bench -i deploy -i site

requirements: venv ## Pin requirements/*.in anew, with hashes
	$(VENV)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 \
	  --no-header --output-file requirements/base.txt requirements/base.in
	$(VENV)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 \
	  --no-header --output-file requirements/dev.txt requirements/dev.in
	$(VENV)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 \
	  --no-header --output-file requirements/image.txt requirements/image.in
