"""A pod with one container, and what settings add to it."""

from typing import Final

from podwright_operator.engine.kube import Raw

_OF_CONTAINER: Final = ("env", "volumeMounts")


def pod_spec(pod: Raw, container: Raw, wanted: Raw) -> Raw:
    """The pod's spec with the fields of ``wanted`` in place of its own.

    ``volumes`` are added to the pod's, ``env`` and ``volumeMounts``, which a pod has not, to the container's.
    """
    return {
        **pod,
        **{name: value for name, value in wanted.items() if name not in _OF_CONTAINER},
        "containers": [
            {**container, **{name: [*container[name], *wanted.get(name, ())] for name in _OF_CONTAINER}},
        ],
        "volumes": [*pod["volumes"], *wanted.get("volumes", ())],
    }
