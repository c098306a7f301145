"""Videos: words, a picture or a clip in, the right seconds of the right video out."""

from lookalike.core.spec import SystemSpec

_HERE = "lookalike.systems.videos"

SPEC = SystemSpec(
    name="videos",
    title="Video search: the right seconds of the right video",
    lead="Titles of videos that were held out, which have to find their own video.",
    system=f"{_HERE}.system:VideoSearch",
    evaluation=f"{_HERE}.evaluation:evaluate",
    card=f"{_HERE}.card:values",
    report=f"{_HERE}.report:add_sections",
    inputs=f"{_HERE}.inputs:INPUTS",
    capabilities=("search", "similar", "explain", "gallery", "media"),
    datasets={
        "video_clips": "lookalike.datasets:load_video_clips",
        "exercises": "lookalike.datasets:load_exercises",
        "msrvtt_captions": "lookalike.datasets:load_msrvtt_captions",
    },
    own_data="lookalike.datasets:load_videos",
    own_data_form="the path of a folder of video files, with or without captions.tsv",
    extras=("video",),
    example="a cockatoo",
)
__getattr__ = SPEC.export
