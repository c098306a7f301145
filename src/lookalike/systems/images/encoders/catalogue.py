"""The catalogue of encoders that others have trained and published as ONNX files.

Sizes and checksums are those under which public projects pin the same file, and the
publisher's own manifest where it has one; the page on image search says which. A file
that is not what the catalogue says is refused, whoever gives it.
"""

from dataclasses import dataclass
from typing import Literal

Pooling = Literal["", "first token"]


@dataclass(frozen=True)
class ModelFile:
    """One file of a published encoder."""

    name: str
    """Its name in the encoder's folder."""
    url: str
    size: int
    """Bytes."""
    sha256: str


@dataclass(frozen=True)
class ImageForm:
    """What an encoder of images takes and gives.

    side : pixels a side of the square that it takes
    shorter : pixels of the shorter side before that square is cut from the middle
    mean, scale : for values of 0 to 1
    channels_last : whether it takes (n, side, side, 3), not (n, 3, side, side)
    output : name of the tensor that is the description, any in the graph; "" is the
        first that it returns
    pooling : of an output (n, n_tokens, n_dimensions), which token is taken
    """

    side: int
    shorter: int
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    channels_last: bool = False
    output: str = ""
    pooling: Pooling = ""


@dataclass(frozen=True)
class TextSide:
    """An encoder of texts whose vectors are compared with those of images.

    model : takes token numbers, returns (n, n_dimensions)
    tokeniser : a ``tokenizer.json``, with vocabulary and merges
    output : as of ``ImageForm``
    context : most tokens of a text
    pad : number of the token that fills up the context; None gives a text's own tokens
    """

    model: ModelFile
    tokeniser: ModelFile
    output: str = ""
    context: int = 77
    pad: int | None = None


@dataclass(frozen=True)
class PublishedEncoder:
    """A published encoder: what it is, where it is, what it takes."""

    name: str
    about: str
    licence: str
    home: str
    image: ModelFile
    form: ImageForm
    n_dimensions: int
    text: TextSide | None = None

    @property
    def files(self) -> tuple[ModelFile, ...]:
        """The image side first, then what texts need."""
        if self.text is None:
            return (self.image,)
        return self.image, self.text.model, self.text.tokeniser

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


_HUB = "https://huggingface.co"
_IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_CLIP = (
    (0.48145466, 0.4578275, 0.40821073),
    (0.26862954, 0.26130258, 0.27577711),
)
_DINO = f"{_HUB}/Xenova/dinov2-small/resolve/c2bb04a51fab207c420665f1946016107bffc701"
_MOBILE = (
    f"{_HUB}/Xenova/mobileclip_s0/resolve/757d59c9c6870a76a4b0306f05f5061bca15c39f"
)
_CLIP_IMAGE = (
    f"{_HUB}/Qdrant/clip-ViT-B-32-vision/resolve/"
    "a636590e595dbbd798647c9dd4550d5652fba969"
)
_CLIP_TEXT = (
    f"{_HUB}/Qdrant/clip-ViT-B-32-text/resolve/48ca1db27cb4063eb311ec2aa7f087a808112876"
)
_ZOO = f"{_HUB}/onnxmodelzoo/legacy_models/resolve/main/validated/vision/classification"

_ENCODERS = (
    PublishedEncoder(
        name="dinov2-small",
        about="DINOv2 ViT-S/14, learned without labels; weights of 8 bits",
        licence="Apache 2.0",
        home=f"{_HUB}/Xenova/dinov2-small",
        image=ModelFile(
            "image.onnx",
            f"{_DINO}/onnx/model_quantized.onnx",
            24_451_943,
            "3afdc8bc63b50558d6e5770f5b799bb82455c2311183a2de43803f343a29d917",
        ),
        form=ImageForm(224, 256, *_IMAGENET, pooling="first token"),
        n_dimensions=384,
    ),
    PublishedEncoder(
        name="mobileclip-s0",
        about="MobileCLIP-S0, images and English text",
        licence="Apple ML Research Model License: research only",
        home=f"{_HUB}/Xenova/mobileclip_s0",
        image=ModelFile(
            "image.onnx",
            f"{_MOBILE}/onnx/vision_model.onnx",
            45_543_630,
            "17d3c037b1d488c10c50e09f6009ea5a198caef4e0e8f4ea5617b7cb2d067ac0",
        ),
        form=ImageForm(256, 256, (0.0,), (1.0,), output="image_embeds"),
        n_dimensions=512,
        text=TextSide(
            ModelFile(
                "text.onnx",
                f"{_MOBILE}/onnx/text_model.onnx",
                169_807_789,
                "f6e9bd5742bfc515889e901634d8a2ff2a57fab8564e4ad3760e800b1a51b77c",
            ),
            ModelFile(
                "tokenizer.json",
                f"{_MOBILE}/tokenizer.json",
                2_224_081,
                "72ed5c96db5729294468543e4bc75fce14ca63f58e37300290189ba1c1e52b85",
            ),
            output="text_embeds",
            pad=0,
        ),
    ),
    PublishedEncoder(
        name="clip-vit-b32",
        about="CLIP ViT-B/32, images and English text",
        licence="MIT",
        home=f"{_HUB}/Qdrant/clip-ViT-B-32-vision",
        image=ModelFile(
            "image.onnx",
            f"{_CLIP_IMAGE}/model.onnx",
            351_686_194,
            "c68d3d9a200ddd2a8c8a5510b576d4c94d1ae383bf8b36dd8c084f94e1fb4d63",
        ),
        form=ImageForm(224, 224, *_CLIP),
        n_dimensions=512,
        text=TextSide(
            ModelFile(
                "text.onnx",
                f"{_CLIP_TEXT}/model.onnx",
                254_102_519,
                "4dbe762b11e36488304471e439cde89da053ad7acaddbf9e096745d142ec8d8b",
            ),
            ModelFile(
                "tokenizer.json",
                f"{_CLIP_TEXT}/tokenizer.json",
                2_224_147,
                "b68d571997a1f81bf521fb73806740ddb91e4ed6666cb6e996c066bb289cf55b",
            ),
        ),
    ),
    PublishedEncoder(
        name="efficientnet-lite4",
        about="EfficientNet-Lite4, learned with the labels of ImageNet",
        licence="MIT",
        home="https://github.com/onnx/models",
        image=ModelFile(
            "image.onnx",
            f"{_ZOO}/efficientnet-lite4/model/efficientnet-lite4-11.onnx",
            51_946_641,
            "d111689907c06eea7c82e4833ddef758da6453b9d4cf60b7e99ca05c7cbd9c12",
        ),
        form=ImageForm(
            224,
            256,
            (127 / 255,),
            (128 / 255,),
            channels_last=True,
            output="efficientnet-lite4/model/head/AvgPool:0",
        ),
        n_dimensions=1280,
    ),
)

CATALOGUE = {encoder.name: encoder for encoder in _ENCODERS}
"""Every published encoder by its name."""
