"""The cluster's certificates: one authority and a leaf for every part, made once."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from podwright_local.network import AddressPlan

VALIDITY = dt.timedelta(days=3650)
SERVER = ExtendedKeyUsageOID.SERVER_AUTH
CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
NODE_NAME = "node1"


@dataclass(frozen=True)
class Leaf:
    """One certificate. The subjects are those that Kubernetes' own bootstrap roles are bound to."""

    name: str
    common_name: str
    organization: str | None = None
    usage: x509.ObjectIdentifier = CLIENT
    dns: Sequence[str] = ()
    addresses: Sequence[IPv4Address] = ()


def leaves(plan: AddressPlan) -> list[Leaf]:
    """Every certificate of a cluster with these addresses."""
    node = f"system:node:{NODE_NAME}"
    api_names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"]
    return [
        Leaf(
            "apiserver",
            "kube-apiserver",
            usage=SERVER,
            dns=[*api_names, "localhost"],
            addresses=[plan.api_service, plan.node, IPv4Address("127.0.0.1")],
        ),
        Leaf("kubelet-serving", node, "system:nodes", SERVER, [NODE_NAME], [plan.node]),
        Leaf("kubelet", node, "system:nodes"),
        Leaf("apiserver-kubelet", "kube-apiserver-kubelet-client", "system:masters"),
        Leaf("admin", "admin", "system:masters"),
        Leaf("controller-manager", "system:kube-controller-manager"),
        Leaf("scheduler", "system:kube-scheduler"),
        Leaf("proxy", "system:kube-proxy"),
    ]


def ensure(folder: Path, plan: AddressPlan, now: dt.datetime) -> None:
    """Make every key and certificate that is missing; the authority's own comes first."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "complete").exists():
        return
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _authority(authority_key, now)
    _write_key(folder / "ca.key", authority_key)
    _write_certificate(folder / "ca.crt", authority)
    for leaf in leaves(plan):
        key = ec.generate_private_key(ec.SECP256R1())
        _write_key(folder / f"{leaf.name}.key", key)
        _write_certificate(folder / f"{leaf.name}.crt", _issue(leaf, key, authority, authority_key, now))
    signing = ec.generate_private_key(ec.SECP256R1())
    _write_key(folder / "sa.key", signing)
    (folder / "sa.pub").write_bytes(
        signing.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    (folder / "complete").touch()


def _name(common_name: str, organization: str | None = None) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(attributes)


def _authority(key: ec.EllipticCurvePrivateKey, now: dt.datetime) -> x509.Certificate:
    name = _name("podwright-local")
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + VALIDITY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _issue(
    leaf: Leaf,
    key: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    now: dt.datetime,
) -> x509.Certificate:
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(leaf.common_name, leaf.organization))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + VALIDITY)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([leaf.usage]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(identifier, critical=False)
    )
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in leaf.dns]
    names += [x509.IPAddress(address) for address in leaf.addresses]
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(authority_key, hashes.SHA256())


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def _write_certificate(path: Path, certificate: x509.Certificate) -> None:
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
