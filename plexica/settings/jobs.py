"""Jobs: to which queue each goes, what is sent by the clock, and how Celery treats them."""

from celery.schedules import crontab

CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    # Roles of the database are the provisioner's.
    "plugins.rotate_passwords": {"queue": "provisioning"},
    "tenants.run_provisioning": {"queue": "provisioning"},
    # Only the provisioner has the secret of Keycloak's master realm.
    "identity.close_realms": {"queue": "provisioning"},
    "identity.follow_platform_realm": {"queue": "provisioning"},
    "tenants.reconcile_all": {"queue": "provisioning"},
    "tenants.reconcile_ended": {"queue": "provisioning"},
    "identity.settle_staff": {"queue": "provisioning"},
    "tenants.reconcile_one": {"queue": "provisioning"},
    # It reads all schemas, and the realms' secrets.
    "backup.make_due": {"queue": "provisioning"},
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 1,
    "socket_timeout": 5,
    "visibility_timeout": 3600,
}
# A broker that is down must not hold a request: what is not queued now is found by the sweep.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.1}
CELERY_BEAT_SCHEDULE = {
    "resume-runs": {"task": "tenants.resume_runs", "schedule": 10.0, "options": {"expires": 10}},
    "reconcile-ended": {
        "task": "tenants.reconcile_ended",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "reconcile-all": {
        "task": "tenants.reconcile_all",
        "schedule": crontab(hour=3, minute=17),
        "options": {"expires": 3600},
    },
    "make-backup": {
        "task": "backup.make_due",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "purge-due": {"task": "tenants.purge_due", "schedule": 60.0, "options": {"expires": 60}},
    "purge-plugins": {
        "task": "plugins.purge_due",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "rotate-plugin-passwords": {
        "task": "plugins.rotate_passwords",
        "schedule": crontab(hour=2, minute=43),
        "options": {"expires": 3600},
    },
    "close-realms": {"task": "identity.close_realms", "schedule": 60.0, "options": {"expires": 60}},
    "settle-service-accounts": {
        "task": "identity.settle_service_accounts",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "settle-people": {
        "task": "identity.settle_people",
        "schedule": 20.0,
        "options": {"expires": 20},
    },
    "settle-staff": {
        "task": "identity.settle_staff",
        "schedule": 20.0,
        "options": {"expires": 20},
    },
    # A change in Keycloak is here within a minute: these and CYCLE_SECONDS (ADR 13).
    "follow-realms": {
        "task": "identity.follow_realms",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "follow-platform-realm": {
        "task": "identity.follow_platform_realm",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "end-visits": {"task": "rbac.end_visits", "schedule": 60.0, "options": {"expires": 60}},
    "clear-sessions": {
        "task": "identity.clear_sessions",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "deliver-events": {
        "task": "events.deliver_pending",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
}
