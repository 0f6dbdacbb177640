"""Files made fit for channels: real decoders and encoders in their sandbox, a real bucket, and files that mean harm."""

import asyncio
import subprocess
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from imageio_ffmpeg import get_ffmpeg_exe  # type: ignore[import-untyped]
from minio import Minio
from PIL import Image

from podwright_bench.chaos_world import Minio as MinioServer
from podwright_core.egress import ANYWHERE, Egress
from podwright_core.media_fit import Facts
from podwright_core.media_rules import LARGEST_FILE
from podwright_publish.bucket import TenantBuckets
from podwright_publish.fitting import fitter as fitting
from podwright_publish.fitting.child import Fitted
from podwright_publish.fitting.fitter import MediaFitter
from podwright_publish.fitting.pictures import picture_facts
from podwright_publish.fitting.sandbox import run_child
from podwright_publish.fitting.videos import video_facts
from podwright_publish.media_source import StoredMedia
from podwright_publish.message import Media
from podwright_publish.ports import MediaUnavailableError
from tests.control_plane import binaries
from tests.integration.publish.accounts import png

NAMESPACE = "podcasts"


def photo(path: Path, size: tuple[int, int], orientation: int = 1) -> Path:
    """A photo with a red corner, as a camera stores it, and where it was taken."""
    image = Image.effect_noise(size, 60).convert("RGB")
    image.paste((255, 0, 0), (0, 0, size[0] // 4, size[1] // 4))
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = "taken at home"
    image.save(path, "JPEG", quality=95, exif=exif)
    return path


def ffmpeg(path: Path, *arguments: str) -> Path:
    subprocess.run([get_ffmpeg_exe(), "-loglevel", "error", "-y", *arguments, str(path)], check=True)
    return path


async def made(kind: str, content_type: str, source: Path) -> tuple[Fitted, Path]:
    target = source.with_name("target")
    target.unlink(missing_ok=True)
    return await run_child(kind, content_type, source, target), target


async def test_a_photo_becomes_what_the_channel_takes(tmp_path: Path) -> None:
    source = photo(tmp_path / "photo", (2100, 2800))
    result, target = await made("bluesky", "image/jpeg", source)
    assert result == Fitted("made", "image/jpeg")
    facts = picture_facts(target, "image/jpeg")
    assert (facts.width, facts.height) == (1500, 2000)
    assert facts.size <= 2_000_000
    assert b"taken at home" not in target.read_bytes()


async def test_a_photo_stands_upright_in_its_frame(tmp_path: Path) -> None:
    source = photo(tmp_path / "photo", (1600, 900), orientation=6)  # shown turned: 900 x 1600, the corner at the right
    result, target = await made("instagram", "image/jpeg", source)
    assert result.result == "made"
    with Image.open(target) as image:
        assert image.size == (1152, 1440)  # 4:5, with the photo in the middle
        red, green, _ = image.getpixel((960, 20))  # type: ignore[misc]
        assert red > 200
        assert green < 60
        assert image.getexif().get(0x0112, 1) == 1


async def test_a_drawing_keeps_its_transparency_where_png_is_taken(tmp_path: Path) -> None:
    source = tmp_path / "drawing"
    Image.new("RGBA", (2400, 1600), (0, 0, 255, 0)).save(source, "PNG")
    result, target = await made("bluesky", "image/png", source)
    assert result == Fitted("made", "image/png")
    with Image.open(target) as image:
        assert image.mode == "RGBA"
    result, target = await made("instagram", "image/png", source)
    assert result == Fitted("made", "image/jpeg")
    with Image.open(target) as image:
        assert image.getpixel((5, 5)) == (255, 255, 255)


async def test_a_video_becomes_h264_of_the_channels_size_and_length(tmp_path: Path) -> None:
    lavfi = ("-f", "lavfi", "-i")
    source = ffmpeg(
        tmp_path / "video.webm",
        *(*lavfi, "testsrc2=s=640x200:r=24:d=1", *lavfi, "sine=d=1"),
        *("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"),
    )
    result, target = await made("x", "video/webm", source)
    assert result == Fitted("made", "video/mp4")
    facts = video_facts(target, "video/mp4")
    assert (facts.video_codec, facts.audio_codec, facts.pixel_format) == ("h264", "aac", "yuv420p")
    # 3.2:1 is wider than the platform takes: a frame of 3:1 around it.
    assert (facts.width, facts.height) == (640, 214)
    assert facts.seconds == pytest.approx(1, abs=0.15)
    again, _ = await made("x", "video/mp4", target.rename(tmp_path / "again"))
    assert again.result == "asItIs"


async def test_sound_gets_a_picture_where_only_videos_are_taken(tmp_path: Path) -> None:
    source = ffmpeg(tmp_path / "sound.mp3", "-f", "lavfi", "-i", "sine=d=1")
    result, target = await made("x", "audio/mpeg", source)
    assert result == Fitted("made", "video/mp4")
    facts = video_facts(target, "video/mp4")
    assert (facts.width, facts.height, facts.audio_codec) == (1080, 1080, "aac")
    assert (await made("mastodon", "audio/mpeg", source))[0].result == "asItIs"


async def test_an_animation_becomes_a_video_where_gif_is_not_taken(tmp_path: Path) -> None:
    source = tmp_path / "moving.gif"
    frames = [Image.new("RGB", (320, 240), (shade, 0, 0)) for shade in (0, 80, 160, 240)]
    frames[0].save(source, "GIF", save_all=True, append_images=frames[1:], duration=1000)
    result, target = await made("threads", "image/gif", source)
    assert result == Fitted("made", "video/mp4")
    assert video_facts(target, "video/mp4").seconds == pytest.approx(4, abs=0.5)


def bomb() -> bytes:
    """A PNG of a few hundred bytes that says it has 60,000 x 60,000 pixels."""
    small = png(1, 1)
    header = b"IHDR" + (60_000).to_bytes(4) * 2 + bytes([8, 2, 0, 0, 0])
    start = small.index(b"IHDR")
    return small[:start] + header + zlib.crc32(header).to_bytes(4) + small[start + 21 :]


@pytest.mark.parametrize(
    ("content_type", "content", "told"),
    [
        ("image/png", bomb(), "million pixels"),
        ("image/jpeg", b"\xff\xd8\xff" + b"nonsense" * 40, "cannot be read"),
        ("image/png", png()[:40], "cannot be read"),
        ("image/png", b"%!PS-Adobe-3.0 EPSF-3.0\n", "cannot be read"),
        ("video/mp4", b"\0\0\0\x18ftypmp42" + b"\0" * 300, "cannot be read"),
        ("video/mp4", b"#EXTM3U\n#EXTINF:9,\nfile:///etc/passwd\n", "cannot be read"),
        ("video/mp4", b"ffconcat version 1.0\nfile /etc/passwd\n", "cannot be read"),
        ("application/octet-stream", b"\x7fELF" + bytes(200), "cannot be read"),
    ],
)
async def test_files_that_mean_harm_or_nothing(tmp_path: Path, content_type: str, content: bytes, told: str) -> None:
    source = tmp_path / "source"
    source.write_bytes(content)
    result, target = await made("mastodon", content_type, source)
    assert result.result == "unfit"
    assert told in result.note
    assert not target.exists()


async def test_converting_ends_with_its_time(tmp_path: Path) -> None:
    source = photo(tmp_path / "photo", (2100, 2800))
    with pytest.raises(MediaUnavailableError, match="takes more than") as raised:
        await run_child("bluesky", "image/jpeg", source, tmp_path / "target", seconds=0.01)
    assert raised.value.lasting


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A real MinIO with both buckets, as the Secret podwright-storage names them."""
    with MinioServer(tmp_path_factory.mktemp("storage") / "minio", binaries() / "minio") as server:
        client = Minio(server.address, server.ACCESS, server.SECRET, secure=False)
        for bucket in ("private", "public"):
            client.make_bucket(bucket)
        yield {
            "PODWRIGHT_S3_ENDPOINT": f"http://{server.address}",
            "PODWRIGHT_S3_ACCESS_KEY": server.ACCESS,
            "PODWRIGHT_S3_SECRET_KEY": server.SECRET,
            "PODWRIGHT_S3_BUCKET": "private",
            "PODWRIGHT_S3_PUBLIC_BUCKET": "public",
            "PODWRIGHT_S3_PUBLIC_URL": f"http://{server.address}/public",
        }


@pytest.fixture
def buckets(storage: dict[str, str]) -> TenantBuckets:
    return TenantBuckets(storage, NAMESPACE)


def new_fitter(buckets: TenantBuckets, egress: Egress = ANYWHERE) -> MediaFitter:
    return MediaFitter(StoredMedia(buckets, egress), buckets, NAMESPACE)


async def test_the_same_file_is_converted_once_for_all_publishers(
    tmp_path: Path, buckets: TenantBuckets, monkeypatch: pytest.MonkeyPatch
) -> None:
    cover = photo(tmp_path / "cover.jpg", (2400, 1200))
    buckets.write("private", f"{NAMESPACE}/cover.jpg", cover, "image/jpeg")
    wanted = Media(f"s3://private/{NAMESPACE}/cover.jpg", "A loaf")
    first, note = await new_fitter(buckets).fitted("bluesky", wanted)
    assert first.url.startswith(f"s3://private/{NAMESPACE}/post-media/")
    assert (first.alt_text, note) == ("A loaf", "")
    file = await StoredMedia(buckets, ANYWHERE).fetch(first.url, 2_000_000)
    assert Image.open(BytesIO(file.content)).size == (2000, 1000)

    async def never(*_: object) -> Fitted:
        raise AssertionError("converted twice")

    monkeypatch.setattr(fitting, "run_child", never)
    assert (await new_fitter(buckets).fitted("bluesky", wanted))[0] == first


async def test_a_platform_that_fetches_gets_a_public_address(tmp_path: Path, buckets: TenantBuckets) -> None:
    fine = tmp_path / "fine.jpg"
    Image.new("RGB", (1000, 1000), (200, 10, 10)).save(fine)
    buckets.write("private", f"{NAMESPACE}/fine.jpg", fine, "image/jpeg")
    media = Media(f"s3://private/{NAMESPACE}/fine.jpg")
    copied, _ = await new_fitter(buckets).fitted("instagram", media)
    assert copied.url == buckets.public_address(copied.url.partition("/public/")[2])
    assert copied.url.endswith(".jpg")
    assert buckets.read("public", copied.url.partition("/public/")[2]) == fine.read_bytes()
    as_it_is, _ = await new_fitter(buckets).fitted("mastodon", media)
    assert as_it_is == media


async def test_what_cannot_be_sent_says_why_and_of_other_tenants_nothing_is_read(
    tmp_path: Path, buckets: TenantBuckets
) -> None:
    text = tmp_path / "text"
    text.write_text("no picture")
    for key in (f"{NAMESPACE}/note.png", "others/cover.png"):
        buckets.write("private", key, text, "image/png")
    for address, told in (
        (f"s3://private/{NAMESPACE}/note.png", "cannot be read"),
        (f"s3://private/{NAMESPACE}/none.png", "NoSuchKey"),
        ("s3://private/others/cover.png", "outside of this namespace"),
        ("s3://public/others/cover.png", "outside of this namespace"),
        (f"s3://private/{NAMESPACE}/../others/cover.png", "outside of this namespace"),
    ):
        with pytest.raises(MediaUnavailableError, match=told):
            await new_fitter(buckets).fitted("bluesky", Media(address))


async def test_addresses_inside_the_cluster_are_not_fetched(tmp_path: Path, storage: dict[str, str]) -> None:
    source = StoredMedia(None, Egress())
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readline()).decode())
        place = f"http://127.0.0.1:{port}/secret"
        writer.write(f"HTTP/1.1 302 Found\r\nlocation: {place}\r\ncontent-length: 0\r\n\r\n".encode())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    target = tmp_path / "file"
    for address in (
        f"http://127.0.0.1:{port}/",
        f"http://localhost:{port}/",
        f"http://[::ffff:127.0.0.1]:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        storage["PODWRIGHT_S3_PUBLIC_URL"],
    ):
        with pytest.raises(MediaUnavailableError, match="private network") as raised:
            await source.download(address, target, LARGEST_FILE)
        assert raised.value.lasting
    assert asked == []
    # A host that is allowed does not open those that it leads to.
    allowed = StoredMedia(None, Egress(allow=("localhost",)))
    with pytest.raises(MediaUnavailableError, match=r"127\.0\.0\.1 leads into a private network"):
        await allowed.download(f"http://localhost:{port}/start", target, LARGEST_FILE)
    assert [line.split()[1] for line in asked] == ["/start"]
    server.close()
    await server.wait_closed()


def test_facts_of_a_phones_video_are_those_that_are_shown(tmp_path: Path) -> None:
    plain = ffmpeg(tmp_path / "plain.mp4", "-f", "lavfi", "-i", "testsrc2=s=320x240:r=10:d=0.5", "-pix_fmt", "yuv420p")
    turned = ffmpeg(tmp_path / "turned.mp4", "-display_rotation", "90", "-i", str(plain), "-c", "copy")
    facts: Facts = video_facts(turned, "video/mp4")
    assert (facts.width, facts.height) == (240, 320)
