"""Data sets: where they are found, downloaded and verified, and how they are read."""

from lookalike.datasets.catalogue import CATALOGUE, DataSet, File
from lookalike.datasets.conversion import Converted, convert
from lookalike.datasets.digits import load_digits_sample, load_own_digits
from lookalike.datasets.download import get
from lookalike.datasets.experiments import (
    EmailTest,
    HeadlineTests,
    RunningTotals,
    load_asos,
    load_hillstrom,
    load_upworthy,
)
from lookalike.datasets.faces import (
    Expressions,
    People,
    load_fer2013,
    load_happy_and_fear,
    load_orl_faces,
)
from lookalike.datasets.friendships import (
    Friendships,
    load_facebook_ego,
    load_friendships,
)
from lookalike.datasets.images import (
    Images,
    load_fashion_mnist,
    load_images,
    load_mnist,
)
from lookalike.datasets.jaad import load_jaad
from lookalike.datasets.letor import (
    GradedLists,
    fold_of,
    load_lambdarank,
    load_mq2008,
    read_letor,
)
from lookalike.datasets.locate import cache_folder, checksum, data_folder, find
from lookalike.datasets.moving import (
    MovingTable,
    ScoredPeople,
    load_bank_marketing,
    load_elec2,
    load_employment,
)
from lookalike.datasets.open_bandit import BanditLog, load_open_bandit
from lookalike.datasets.own_pictures import LabelledPictures, load_pictures
from lookalike.datasets.queries import (
    QueryLog,
    TypedQueries,
    load_trec_queries,
    read_queries,
)
from lookalike.datasets.streets import Clip, Person, StreetClips
from lookalike.datasets.tagged import Sentences, Tagged, TaggedText, load_wnut17
from lookalike.datasets.text_collections import (
    TEXT_COLLECTIONS,
    TextCollection,
    load_cacm,
    load_cranfield,
    load_scifact,
)
from lookalike.datasets.textures import Pictures, load_textures, pictures_of
from lookalike.datasets.tracking import (
    BoxesInFrames,
    TrackingSequence,
    load_mot15,
    load_mot17,
    read_mot,
)
from lookalike.datasets.videos import (
    VideoCollection,
    load_exercises,
    load_msrvtt_captions,
    load_video_clips,
    load_videos,
)

__all__ = [
    "CATALOGUE",
    "TEXT_COLLECTIONS",
    "BanditLog",
    "BoxesInFrames",
    "Clip",
    "Converted",
    "DataSet",
    "EmailTest",
    "Expressions",
    "File",
    "Friendships",
    "GradedLists",
    "HeadlineTests",
    "Images",
    "LabelledPictures",
    "MovingTable",
    "People",
    "Person",
    "Pictures",
    "QueryLog",
    "RunningTotals",
    "ScoredPeople",
    "Sentences",
    "StreetClips",
    "Tagged",
    "TaggedText",
    "TextCollection",
    "TrackingSequence",
    "TypedQueries",
    "VideoCollection",
    "cache_folder",
    "checksum",
    "convert",
    "data_folder",
    "find",
    "fold_of",
    "get",
    "load_asos",
    "load_bank_marketing",
    "load_cacm",
    "load_cranfield",
    "load_digits_sample",
    "load_elec2",
    "load_employment",
    "load_exercises",
    "load_facebook_ego",
    "load_fashion_mnist",
    "load_fer2013",
    "load_friendships",
    "load_happy_and_fear",
    "load_hillstrom",
    "load_images",
    "load_jaad",
    "load_lambdarank",
    "load_mnist",
    "load_mot15",
    "load_mot17",
    "load_mq2008",
    "load_msrvtt_captions",
    "load_open_bandit",
    "load_orl_faces",
    "load_own_digits",
    "load_pictures",
    "load_scifact",
    "load_textures",
    "load_trec_queries",
    "load_upworthy",
    "load_video_clips",
    "load_videos",
    "load_wnut17",
    "pictures_of",
    "read_letor",
    "read_mot",
    "read_queries",
]
