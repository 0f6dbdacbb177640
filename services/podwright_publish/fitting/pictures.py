"""Images: what one is, and one made as a channel takes it. Runs in the sandbox; the files are anybody's."""

from pathlib import Path

from PIL import Image, ImageOps

from podwright_core.media_fit import Facts, Picture
from podwright_core.media_rules import GIF, JPEG, PNG, WEBP

_TYPES = {"JPEG": JPEG, "PNG": PNG, "GIF": GIF, "WEBP": WEBP}
_FORMATS = {JPEG: "JPEG", PNG: "PNG"}
#: Larger ones are not opened (pixels): phones take 50 million, a hostile file may say any number.
LARGEST_PICTURE = 64_000_000
Image.MAX_IMAGE_PIXELS = LARGEST_PICTURE // 2  # Pillow warns there, and refuses at twice as many
#: Where orientation stands in EXIF.
_ORIENTATION = 0x0112
_QUALITIES = (90, 82, 74, 66, 55)
#: Frames of an animation that are looked at for its length.
_FRAMES = 1000


class UnreadableError(Exception):
    """The file is no image, video or sound that is read here; the message says what is wrong."""


def picture_facts(path: Path, content_type: str) -> Facts:
    """Raises ``UnreadableError``."""
    try:
        with Image.open(path, formats=list(_TYPES)) as image:
            orientation = int(image.getexif().get(_ORIENTATION, 1))
            width, height = image.size if orientation < 5 else image.size[::-1]
            seconds, frames = _moving(image)
            found = _TYPES[str(image.format)]
    except (Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        raise UnreadableError(_told(error, content_type)) from error
    return Facts(
        found,
        path.stat().st_size,
        width,
        height,
        seconds=seconds,
        frames_per_second=frames,
        rotated=orientation not in {0, 1},
    )


def _moving(image: Image.Image) -> tuple[float, float]:
    """Seconds and frames a second of an animation."""
    count = min(int(getattr(image, "n_frames", 1)), _FRAMES)
    if count < 2:
        return 0.0, 0.0
    total = 0.0
    for place in range(count):
        image.seek(place)
        total += float(image.info.get("duration") or 100) / 1000
    return total, count / total if total else 10.0


def make_picture(source: Path, target: Path, wanted: Picture) -> str:
    """Write it; the content type that it got. Raises ``UnreadableError`` where it cannot be made small enough."""
    try:
        with Image.open(source, formats=list(_TYPES)) as opened:
            if opened.format == "JPEG":
                opened.draft("RGB", (wanted.width, wanted.height))  # decodes no more than is needed
            image = ImageOps.exif_transpose(opened)
            image.load()
    except (Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        raise UnreadableError(_told(error, "an image")) from error
    profile = image.info.get("icc_profile")
    image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image = image.resize((wanted.width, wanted.height), Image.Resampling.LANCZOS)
    for kind, largest in zip(wanted.content_types, wanted.largest, strict=True):
        framed = _framed(image, wanted, alpha=kind == PNG)
        for quality in _QUALITIES if kind == JPEG else (0,):
            options = {"quality": quality, "progressive": True} if kind == JPEG else {}
            framed.save(target, _FORMATS[kind], optimize=True, icc_profile=profile, **options)
            if target.stat().st_size <= largest:
                return kind
    raise UnreadableError("It cannot be made small enough for the channel.")


def _framed(image: Image.Image, wanted: Picture, *, alpha: bool) -> Image.Image:
    """In the middle of its canvas, on its own mean colour; without transparency where the format has none."""
    size = (wanted.canvas_width, wanted.canvas_height)
    if alpha and size == image.size:
        return image
    ground: tuple[float, ...] = (255, 255, 255)
    if size != image.size:
        mean = image.convert("RGB").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
        ground = (mean[0], mean[1], mean[2]) if isinstance(mean, tuple) else ground
    canvas = Image.new("RGB", size, ground)
    place = ((size[0] - image.width) // 2, (size[1] - image.height) // 2)
    canvas.paste(image, place, image if image.mode == "RGBA" else None)
    return canvas


def _told(error: Exception, content_type: str) -> str:
    if isinstance(error, Image.DecompressionBombError):
        return f"The image has more than {LARGEST_PICTURE // 1_000_000} million pixels: hand in a smaller one."
    return f"It cannot be read as {content_type}: {error}."
