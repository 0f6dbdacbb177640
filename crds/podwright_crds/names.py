"""Every group, label, annotation, finalizer and object name that Podwright puts on Kubernetes objects."""

import hashlib

GROUP = "podwright.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
CATEGORY = "podwright"

#: The one field manager of everything the operator applies.
FIELD_MANAGER = "podwright-operator"
#: The field manager of status that a publishing Job writes.
PUBLISHER_FIELD_MANAGER = "podwright-publisher"
#: The field manager of specs that the facade writes.
FACADE_FIELD_MANAGER = "podwright-facade"
#: The field manager of what people change with ``podwright``.
CLI_FIELD_MANAGER = "podwright-cli"

#: On every child: which kind and object it belongs to, and what part of it the child is.
LABEL_MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGED_BY = "podwright"
LABEL_KIND = f"{GROUP}/kind"
LABEL_NAME = f"{GROUP}/name"
LABEL_STAGE = f"{GROUP}/stage"
LABEL_STAGE_KEY = f"{GROUP}/stage-key"
LABEL_PODCAST = f"{GROUP}/podcast"
LABEL_EPISODE = f"{GROUP}/episode"
LABEL_CAMPAIGN = f"{GROUP}/campaign"
LABEL_CHANNEL = f"{GROUP}/channel"
#: Names of owners longer than a label value (63) are kept whole here.
ANNOTATION_OWNER_NAME = f"{GROUP}/owner-name"
#: Digest of what the operator last applied to a child whose fields cannot be changed in place.
ANNOTATION_SPEC_DIGEST = f"{GROUP}/spec-digest"
#: Set by a person to have a stalled object tried again at once; any new value counts.
ANNOTATION_RETRY = f"{GROUP}/retry"
#: The span (W3C ``traceparent``) that an object was made in: a trace of its work goes on from there.
ANNOTATION_TRACE = f"{GROUP}/traceparent"

#: Id of the person who created an object through the facade; nobody else can tell who that is.
ANNOTATION_CREATED_BY = f"{GROUP}/created-by"

#: The Secret with the tenant's bucket credentials; its keys are the ``PODWRIGHT_S3_*`` variables.
STORAGE_SECRET = "podwright-storage"  # noqa: S105  (the name of a Secret, not a secret)
#: What of it anybody may read in a log; the rest is secret. An access key is a name, and may be any word.
STORAGE_SETTINGS = frozenset(
    f"PODWRIGHT_S3_{name}" for name in ("ENDPOINT", "ACCESS_KEY", "REGION", "BUCKET", "PUBLIC_BUCKET", "PUBLIC_URL")
)
#: On a Secret of tokens: of which credentials they came, and until when one publisher renews them.
ANNOTATION_CREDENTIALS = f"{GROUP}/credentials"
ANNOTATION_RENEWING_UNTIL = f"{GROUP}/renewing-until"
#: The service account of publishing Jobs in a tenant's namespace.
PUBLISHER_SERVICE_ACCOUNT = "podwright-publisher"

_LABEL_MAX = 63


def label_value(name: str) -> str:
    """``name`` as a label value: itself where it fits in 63 characters, else shortened with a digest."""
    return shortened(name, _LABEL_MAX)


def child_name(*parts: str, limit: int = 63) -> str:
    """A deterministic name for a child: the parts joined by ``-``, shortened with a digest where too long.

    Jobs, CronJobs and Services allow 63, 52 and 63 characters; pass ``limit`` accordingly.
    """
    return shortened("-".join(parts).replace(".", "-").lower(), limit)


def tokens_secret(channel: str) -> str:
    """The Secret with the tokens that Podwright renewed for a Channel; the user's own Secret stays as it is."""
    return child_name("podwright-tokens", channel, limit=253)


def shortened(name: str, limit: int) -> str:
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: limit - 9].rstrip('-.')}-{digest}"
