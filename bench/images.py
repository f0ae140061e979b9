"""Images for comparisons: as large and as layered as asked, the same bytes each time, and packed about as well as real ones are."""

import hashlib
import io
import json
import platform
import random
import tarfile

ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
WORDS = [f"word{i:05x} ".encode() for i in range(4096)]


def content(chance, size):
    """Half of it packs well, as text does, half of it not at all, as what is packed already does not."""
    text = b"".join(chance.choices(WORDS, k=size // 16 // 2 * 2))[: size // 2]
    return text + chance.randbytes(size - len(text))


def layer(seed, size, files):
    """The archive of one layer: folders, files of many sizes, a few links."""
    chance = random.Random(seed)
    result = io.BytesIO()
    with tarfile.open(fileobj=result, mode="w", format=tarfile.PAX_FORMAT) as tar:
        def add(name, kind, data=b"", link=""):
            entry = tarfile.TarInfo(name)
            entry.type, entry.size, entry.linkname, entry.mtime = kind, len(data), link, 1_600_000_000
            entry.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
            tar.addfile(entry, io.BytesIO(data) if data else None)

        add(f"layer{seed}", tarfile.DIRTYPE)
        sizes = [chance.random() ** 4 for _ in range(files)]
        for i, part in enumerate(sizes):
            if i % 50 == 0:
                folder = f"layer{seed}/folder{i // 50}"
                add(folder, tarfile.DIRTYPE)
            add(f"{folder}/file{i}", tarfile.REGTYPE, content(chance, int(size * part / sum(sizes))))
            if i % 20 == 0:
                add(f"{folder}/link{i}", tarfile.SYMTYPE, link=f"file{i}")
    return result.getvalue()


def write_archive(path, tag, layers, size, files):
    """A docker-archive of an image with so many layers of so many bytes and files each, on top of a shell it does not have."""
    with tarfile.open(path, "w") as archive:
        def add(name, data):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))

        diff_ids, names = [], []
        for i in range(layers):
            data = layer(i, size, files)
            digest = hashlib.sha256(data).hexdigest()
            diff_ids.append("sha256:" + digest)
            names.append(f"{digest}/layer.tar")
            add(names[-1], data)
        config = json.dumps({
            "architecture": ARCHITECTURE, "os": "linux", "config": {"Cmd": ["/bin/true"]},
            "rootfs": {"type": "layers", "diff_ids": diff_ids}, "history": [{"created": "2020-01-01T00:00:00Z", "created_by": f"layer {i}"} for i in range(layers)],
        }).encode()
        name = hashlib.sha256(config).hexdigest() + ".json"
        add(name, config)
        add("manifest.json", json.dumps([{"Config": name, "RepoTags": [tag], "Layers": names}]).encode())
