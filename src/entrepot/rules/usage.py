"""How to get an artifact: command lines for the clients that its kind is made for."""

import re
from dataclasses import dataclass

from entrepot.oci.digest import Digest
from entrepot.oci.manifest import Manifest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag

HELM_CONFIG = "application/vnd.cncf.helm.config.v1+json"
_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]{1,255}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Usage:
    """A command line, and the client that it is for."""

    client: str
    command: str


def usage(
    host: str, name: RepositoryName, reference: Tag | Digest, manifest: Manifest
) -> tuple[Usage, ...]:
    """Return the lines that get an artifact from a registry at `host`, `NAME[:PORT]`.

    ValueError for what is no host: nobody should paste it.
    """
    if not _HOST.fullmatch(host):
        raise ValueError(f"{host[:80]!a} is no host")
    joint = "@" if isinstance(reference, Digest) else ":"
    at = f"{host}/{name.wire}{joint}{reference}"
    if manifest.config is not None and manifest.config.media_type == HELM_CONFIG:
        return _chart(host, name, reference)
    if manifest.is_image or manifest.is_index:
        return (
            Usage("docker", f"docker pull {at}"),
            Usage("podman", f"podman pull {at}"),
            Usage("containerd", f"ctr images pull {at}"),
            Usage("skopeo", f"skopeo copy docker://{at} oci:{_folder(name)}"),
            Usage("oras", f"oras manifest fetch {at}"),
        )
    return (
        Usage("oras", f"oras pull {at}"),
        Usage("skopeo", f"skopeo inspect --raw docker://{at}"),
    )


def _chart(host: str, name: RepositoryName, reference: Tag | Digest) -> tuple[Usage, ...]:
    at = f"oci://{host}/{name.wire}"
    if isinstance(reference, Digest):
        pull, show = f"helm pull {at}@{reference}", f"helm show all {at}@{reference}"
        install = f"helm install {_folder(name)} {at}@{reference}"
    else:
        # A chart's version may have a +, which no tag has: helm writes _ for it.
        version = reference.replace("_", "+")
        pull, show = (
            f"helm pull {at} --version {version}",
            f"helm show all {at} --version {version}",
        )
        install = f"helm install {_folder(name)} {at} --version {version}"
    return Usage("helm", pull), Usage("helm", install), Usage("helm", show)


def _folder(name: RepositoryName) -> str:
    return name.rpartition("/")[2]
