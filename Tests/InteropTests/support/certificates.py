"""Certificates, made for a test: an authority, and whom it vouches for."""

import dataclasses
import datetime
import ipaddress
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
PEM = serialization.Encoding.PEM


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def write(path, data):
    path.write_bytes(data)
    return str(path)


def private_bytes(key, password=None):
    lock = (
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption()
    )
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, lock)


@dataclasses.dataclass(frozen=True)
class Identity:
    """A certificate and its key, as files and as gRPC wants them."""

    cert: str
    key: str
    serial: int

    @property
    def cert_pem(self):
        return pathlib.Path(self.cert).read_bytes()

    @property
    def key_pem(self):
        return pathlib.Path(self.key).read_bytes()


class Authority:
    """Signs certificates; its own is in the file `cert`."""

    def __init__(self, folder, name):
        self._folder = pathlib.Path(folder)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = (
            self._builder(self._name, self._key.public_key(), now() - DAY, now() + 30 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.pem = certificate.public_bytes(PEM)
        self.cert = write(self._folder / f"{name}.pem", self.pem)

    def issue(
        self, name, dns=("localhost",), ips=("127.0.0.1",), uris=(), usage=SERVER,
        begins=-DAY, ends=30 * DAY,
    ):
        """An identity in files called `name`, which is its common name too."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        names = [x509.DNSName(text) for text in dns]
        names += [x509.IPAddress(ipaddress.ip_address(text)) for text in ips]
        names += [x509.UniformResourceIdentifier(text) for text in uris]
        builder = self._builder(subject, key.public_key(), now() + begins, now() + ends)
        builder = builder.add_extension(x509.BasicConstraints(False, None), critical=True)
        usages = usage if isinstance(usage, tuple) else (usage,)
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        return Identity(
            write(self._folder / f"{name}.pem", certificate.public_bytes(PEM)),
            write(self._folder / f"{name}-key.pem", private_bytes(key)),
            certificate.serial_number,
        )

    def _builder(self, subject, public_key, begins, ends):
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
        )
