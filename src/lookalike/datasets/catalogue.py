"""The catalogue of known data sets: files, licences, homes and checksums.

A checksum covers the contents of a file (see :func:`lookalike.datasets.checksum`) and
does not depend on its compression. A file with ``urls`` can be downloaded from its
home. A file without must be fetched by hand, because its publisher asks for a
registration or publishes it in another form, which ``conversion`` turns into this one.
"""

from dataclasses import dataclass

from lookalike.datasets.video_clip_files import VIDEO_CLIPS


@dataclass(frozen=True)
class File:
    """One file of a data set."""

    path: str
    """Path inside the data folder, with forward slashes."""
    size: int
    """Approximate bytes on disk, which depend on the compression."""
    sha256: str
    """Checksum of the contents."""
    urls: tuple[str, ...] = ()
    """Addresses of its parts at the publisher, in the order of joining."""


@dataclass(frozen=True)
class DataSet:
    """A known data set."""

    name: str
    about: str
    licence: str
    home: str
    files: tuple[File, ...]
    form: str = "its files, or the folder or archive that holds them"
    """What its publisher ships, which ``lookalike data get --from`` takes."""

    @property
    def size(self) -> int:
        """Approximate bytes on disk of all files."""
        return sum(file.size for file in self.files)

    @property
    def can_be_downloaded(self) -> bool:
        """Whether every file can be downloaded from its home."""
        return all(file.urls for file in self.files)

    @property
    def path(self) -> str:
        """Path of the file, or of the folder where there are several files."""
        first = self.files[0].path
        return first if len(self.files) == 1 else first.split("/")[0]


_IDX = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
_MNIST = "https://ossci-datasets.s3.amazonaws.com/mnist/"
_FASHION = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
_TWEETS = (
    "https://raw.githubusercontent.com/t-davidson/hate-speech-and-offensive-language"
)
_LIGHTGBM = "https://raw.githubusercontent.com/microsoft/LightGBM/master/examples"
_WNUT = "https://raw.githubusercontent.com/leondz/emerging_entities_17/master"

_DATA_SETS = (
    DataSet(
        name="mnist",
        about="70,000 handwritten digits, 28 by 28 grey, in their original order",
        licence="CC BY-SA 3.0",
        home="http://yann.lecun.com/exdb/mnist/",
        files=(
            File(
                "mnist.npz",
                11490519,
                "8fc8fc4f0343f34ece1fcfdfb65f0801fac48030ce7c70e62bbb62f64ee2e65b",
                tuple(_MNIST + part for part in _IDX),
            ),
        ),
        form="the folder or archive with the four idx files",
    ),
    DataSet(
        name="fashion_mnist",
        about="70,000 pictures of clothes, 28 by 28 grey, in their original order",
        licence="MIT",
        home="https://github.com/zalandoresearch/fashion-mnist",
        files=(
            File(
                "fashion_mnist.npz",
                30869925,
                "37e5852d33933792bfddacf387e185c9c3d87fa20c45417517512181f092a44a",
                tuple(_FASHION + part for part in _IDX),
            ),
        ),
        form="the folder or archive with the four idx files",
    ),
    DataSet(
        name="fer2013",
        about="35,887 faces, 48 by 48 grey, in seven expressions",
        licence="research use",
        home="https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-recognition-challenge",
        files=(
            File(
                "fer2013.npz",
                78831295,
                "7166011adf813b42cc370cdd0cb37e9422da064e3d6480932903984357c2cb17",
            ),
        ),
        form="fer2013.csv or icml_face_data.csv, or the archive that holds it",
    ),
    DataSet(
        name="orl_faces",
        about="400 faces of 40 people, 112 by 92 grey (the AT&T faces)",
        licence="research use",
        home="https://cam-orl.co.uk/facedatabase.html",
        files=(
            File(
                "orl_faces.npz",
                3687844,
                "2ec44a49cba65917139361f37ec8aee271d349d3aa2eee71fca791780a202bd7",
            ),
        ),
        form="att_faces.zip, or the folder with s1 to s40",
    ),
    DataSet(
        name="jaad_annotations",
        about="Pedestrians seen from a car in 346 clips: boxes and what they do",
        licence="MIT",
        home="https://github.com/ykotseruba/JAAD",
        files=(
            File(
                "jaad_annotations.zip",
                5718104,
                "840c4ecc2fe6d7b53b3890e38299e80c78730580f31e4fd997a2b1b82df98afe",
            ),
        ),
        form="jaad_annotations.zip",
    ),
    DataSet(
        name="video_clips",
        about="50 real video files of 1 to 139 s, with titles and descriptions",
        licence="MIT, BSD, Apache 2.0, CC BY 4.0; some none stated",
        home="https://github.com/intel-iot-devkit/sample-videos",
        files=tuple(File(*each) for each in VIDEO_CLIPS),
    ),
    DataSet(
        name="msrvtt_captions",
        about="10,000 videos in words, 20 captions each (MSR-VTT)",
        licence="research use",
        home="https://github.com/WingsBrokenAngel/MSR-VTT-DataCleaning",
        files=(
            File(
                "msrvtt_captions/test_videodatainfo.json.zip",
                1105940,
                "0871bbe19dc9c13edeef4af5d7be39600a2e2b7d967e0206bb5911d633af24a0",
            ),
            File(
                "msrvtt_captions/train_val_annotation.zip",
                2594639,
                "ce2d97dd82d03e018c6f9ee69c96eb784397d1c83f734fdb8c17aafa5e27da31",
            ),
        ),
    ),
    DataSet(
        name="exercises",
        about="873 exercises, two photographs and instructions each",
        licence="Unlicense",
        home="https://github.com/yuhonas/free-exercise-db",
        files=(
            File(
                "exercises/exercises.json.gz",
                161214,
                "1f3864d9b333bcc0a500d1aa36b666bf2537465aa83deb953a37e4a428a7d995",
            ),
            File(
                "exercises/frames1.zip",
                3646495,
                "c83a79eb809e630785bf31180a5b43f7808d3a8121a405bca5ce073792ec57ad",
            ),
            File(
                "exercises/frames2.zip",
                3650431,
                "09433aa8ff34ae28059c57ba1efa5982253370f5bcc2ec38fda6216ba5666933",
            ),
            File(
                "exercises/frames3.zip",
                611456,
                "83f47bd45c82b60800b7871aad0b510042c6a32d7cf1ec38df4621bfcee750e6",
            ),
        ),
    ),
    DataSet(
        name="hate_speech_davidson",
        about="24,783 tweets rated by several people; contains abusive language",
        licence="MIT",
        home="https://github.com/t-davidson/hate-speech-and-offensive-language",
        files=(
            File(
                "hate_speech_davidson.csv.gz",
                1043031,
                "fcb8bc7c68120ae4af04a5b9acd58585513ede11e1548ebf36a5c2040b6f6281",
                (f"{_TWEETS}/master/data/labeled_data.csv",),
            ),
        ),
        form="labeled_data.csv",
    ),
    DataSet(
        name="told_br",
        about="21,000 Brazilian tweets, votes on six kinds; contains abusive language",
        licence="CC BY-SA 4.0",
        home="https://github.com/JAugusto97/ToLD-Br",
        files=(
            File(
                "told_br/ToLD-BR.csv.gz",
                877163,
                "a905b90d5886b9c80d737aa26c41dd29077155f23b9b857080634a78f8203c90",
            ),
        ),
        form="ToLD-BR.csv",
    ),
    DataSet(
        name="kmhas",
        about="30,715 Korean comments with nine labels; contains abusive language",
        licence="CC BY-SA 4.0",
        home="https://github.com/adlnlp/K-MHaS",
        files=(
            File(
                "kmhas/kmhas_valid.txt.gz",
                324397,
                "cb0df9e3cd665125b554d4c5e6f48b0801d5535ead51269134de5b85ae469c18",
            ),
            File(
                "kmhas/kmhas_test.txt.gz",
                819828,
                "9eaf470ee12c445817301d58672349500d6759516a730e879d36d6de17a2051a",
            ),
        ),
        form="kmhas_test.txt and kmhas_valid.txt, or the folder that holds them",
    ),
    DataSet(
        name="germeval2018",
        about="8,541 German tweets, offence and its kind; contains abusive language",
        licence="CC BY 4.0",
        home="https://github.com/uds-lsv/GermEval-2018-Data",
        files=(
            File(
                "germeval2018/germeval2018.training.txt.gz",
                328691,
                "0f88c63a344e1ab69c5407aa539d1612cd82a96b51ebd6bd613dc70ff9fef03e",
            ),
            File(
                "germeval2018/germeval2018.test.txt.gz",
                194998,
                "45f31510b305d080a933d4087b8d34f7a5e4087141718955b90357ca730074f2",
            ),
        ),
        form="the folder with germeval2018.training.txt and germeval2018.test.txt",
    ),
    DataSet(
        name="mlma",
        about="13,014 English, French and Arabic tweets; contains abusive language",
        licence="MIT",
        home="https://github.com/HKUST-KnowComp/MLMA_hate_speech",
        files=(
            File(
                "mlma/hate_speech_mlma.zip",
                726706,
                "56db7efb1b64a2570f63d0cdb48d119c5e32eccff13f3c22bf17a4331956dc43",
            ),
        ),
        form="hate_speech_mlma.zip",
    ),
    DataSet(
        name="hatecheck_multilingual",
        about="36,582 cases that try models of hate in ten languages; abusive language",
        licence="CC BY 4.0",
        home="https://github.com/rewire-online/multilingual-hatecheck",
        files=(
            File(
                "hatecheck_multilingual/hatecheck_cases_final_arabic.csv.gz",
                66611,
                "134d39c3b691801e24ab53fb14d3214fea69eb2b3c5288b3f00e31ca0ece1bee",
            ),
            File(
                "hatecheck_multilingual/hatecheck_cases_final_dutch.csv.gz",
                70073,
                "df67042194bf33837e77126aa994e01201d84edec8f0b46acec8fed0322d595d",
            ),
            File(
                "hatecheck_multilingual/hatecheck_cases_final_french.csv.gz",
                74885,
                "17cc2c7ec01ad28c31c1c53bbda8c7245b83e86d34017327964956ace1446586",
            ),
            File(
                "hatecheck_multilingual/hatecheck_cases_final_german.csv.gz",
                71392,
                "ecdef4611b877120d0a8feec9c0cd0dfc1efec7ead4bbd62eaf32f6cc80d2ee0",
            ),
            File(
                "hatecheck_multilingual/hatecheck_cases_final_hindi.csv.gz",
                68121,
                "ffebc31db02d59f603ac9728aa9b63d7db46de2cdc4c54468aabab82e5d8bd40",
            ),
            File(
                "hatecheck_multilingual/hatecheck_cases_final_italian.csv.gz",
                70899,
                "5339cd1e0d6e338c7ae9b831e74d653d6216a25120214d92b5d98d25a1c20674",
            ),
            File(
                "hatecheck_multilingual/hatecheck_cases_final_mandarin.csv.gz",
                63537,
                "d094336d73fb3b2817a04cac226687fcf91cb914deccd4d4096a85cf4a147414",
            ),
            File(
                "hatecheck_multilingual/hatecheck_cases_final_polish.csv.gz",
                75633,
                "88b8f9cfe4484f2e7543a7b28983b10f5942f04cc87c904c653a01318b7d1c04",
            ),
            File(
                "hatecheck_multilingual/hatecheck_cases_final_portuguese.csv.gz",
                71448,
                "839bcd08e59efb9a659ab3c7e82022844a57ae5babe705323a7956d2d9461ea8",
            ),
            File(
                "hatecheck_multilingual/hatecheck_cases_final_spanish.csv.gz",
                71563,
                "20d2388f4f3bafe744010a42f1ce7ddd5b2b09efa978fb0d8a0fc810487948aa",
            ),
        ),
        form="the folder with hatecheck_cases_final_arabic.csv and the nine others",
    ),
    DataSet(
        name="movielens_small",
        about="100,004 ratings of 9,066 films by 671 people (latest-small of 2016)",
        licence="research use",
        home="https://grouplens.org/datasets/movielens/",
        files=(
            File(
                "movielens_small.csv.gz",
                1926454,
                "66f6d5a9853f780e5b1d14a3834fad6fbb8914cb0fdb2b57b506b5c9cbbb2847",
            ),
        ),
        form="ml-latest-small.zip, or its folder",
    ),
    DataSet(
        name="steam_play_hours",
        about="Hours that 9,418 players spent on 3,600 games",
        licence="as published on Kaggle",
        home="https://www.kaggle.com/datasets/tamber/steam-video-games",
        files=(
            File(
                "steam_play_hours.csv.gz",
                607549,
                "3be901d1067888e76294c920813e21255d8b240866889a87ec00918f7e3e2d10",
            ),
        ),
        form="steam-200k.csv, or the archive that holds it",
    ),
    DataSet(
        name="facebook_ego",
        about="88,234 friendships among 4,039 people, one pair a line",
        licence="research use",
        home="https://snap.stanford.edu/data/ego-Facebook.html",
        files=(
            File(
                "facebook_ego.txt.gz",
                227034,
                "bffea2c0b8168875a6f57188a8e1dc136cdb4e5277d126da4212feec8a9e3c71",
                ("https://snap.stanford.edu/data/facebook_combined.txt.gz",),
            ),
        ),
        form="facebook_combined.txt.gz",
    ),
    DataSet(
        name="cranfield",
        about="1,400 abstracts on aerodynamics, 225 queries, graded judgments",
        licence="research use",
        home="http://ir.dcs.gla.ac.uk/resources/test_collections/cran/",
        files=(
            File(
                "cranfield_clean/cran.all.1400.gz",
                488773,
                "b234544b6ceccd131520df4a3cb6d42aee6576eb577933d047e722bbfe7b0b09",
            ),
            File(
                "cranfield_clean/cran.qry.gz",
                9344,
                "99578ceb88941ef89c14faf7c63c23776a376d8fba319b990f01d0c601d8b03f",
            ),
            File(
                "cranfield_clean/cranqrel.gz",
                5698,
                "92e54b58dac0b980152178f350d892fae66c8a239b8a11715b835fb8d2f6bc0e",
            ),
        ),
        form="the archive or folder with cran.all.1400, cran.qry and cranqrel",
    ),
    DataSet(
        name="scifact",
        about="5,183 abstracts, 300 claims to find them by and 809 to learn from",
        licence="CC BY-NC 2.0 (claims), ODC-By (abstracts)",
        home="https://github.com/allenai/scifact",
        files=(
            File(
                "scifact/corpus.tsv.gz",
                2738183,
                "0ee9699d62d9c48e759cc25ed27ec93354661ed848fa4f32217af6da7701e7db",
            ),
            File(
                "scifact/topics.test.tsv.gz",
                11998,
                "d7c7e6451a8ea46e3b02c30be57ecbf79d3e3a0bbb7fe04d0d74858a53431feb",
            ),
            File(
                "scifact/qrels.test.txt",
                5702,
                "8b7315286f8dc823956025a1fc9c9ff0bfe142d7b409458ccd758cfa0713ccba",
            ),
            File(
                "scifact/claims_train.csv.gz",
                37192,
                "e700ebf087eb3f64eca99e983ab6bc08ae66c9ae06c3073ce514ee8c08fdeab0",
            ),
        ),
    ),
    DataSet(
        name="cacm",
        about="3,204 titles and abstracts on computing, 52 judged queries",
        licence="research use",
        home="http://ir.dcs.gla.ac.uk/resources/test_collections/cacm/",
        files=(
            File(
                "cacm/cacm.tar.gz",
                808000,
                "0d250cfc049a7625a94a71ec64b82638af9bced67947e3716d37de9097c40fd7",
            ),
            File(
                "cacm/topics.cacm.txt.gz",
                4591,
                "1dc7b94fbf4adeb0c49be44fc6d7802ddc7bc4ad1b869013af10d09b44019799",
            ),
            File(
                "cacm/qrels.cacm.txt.gz",
                2548,
                "359f77ee6aab89333745a7f25f56370268a493abe1baff76979ad37a4d5428ef",
            ),
        ),
    ),
    DataSet(
        name="msrvtt_captions",
        about="200,000 captions of 10,000 video clips (MSR-VTT), without the clips",
        licence="research use",
        home="https://www.microsoft.com/en-us/research/publication/msr-vtt-a-large-video-description-dataset-for-bridging-video-and-language/",
        files=(
            File(
                "msrvtt_captions/train_val_annotation.zip",
                2594639,
                "ce2d97dd82d03e018c6f9ee69c96eb784397d1c83f734fdb8c17aafa5e27da31",
            ),
            File(
                "msrvtt_captions/test_videodatainfo.json.zip",
                1105940,
                "0871bbe19dc9c13edeef4af5d7be39600a2e2b7d967e0206bb5911d633af24a0",
            ),
        ),
    ),
    DataSet(
        name="lambdarank",
        about="Learning to rank: 201 training and 50 test queries, graded 0 to 4",
        licence="MIT",
        home="https://github.com/microsoft/LightGBM/tree/master/examples/lambdarank",
        files=(
            File(
                "lambdarank/rank.train.gz",
                500643,
                "a0c7201c89120879c14a5059e091f441cbf2a29b8aaef363885ccb1a530448df",
                (f"{_LIGHTGBM}/lambdarank/rank.train",),
            ),
            File(
                "lambdarank/rank.train.query.gz",
                243,
                "40cb5fef637229311cd30fab13cb7fb633b023e86a87ff04ec55db420143d6af",
                (f"{_LIGHTGBM}/lambdarank/rank.train.query",),
            ),
            File(
                "lambdarank/rank.test.gz",
                132284,
                "3b1219ce117a0a36d2f76c02de7e7831c1d79af0d40f5195c03178bbe26c824b",
                (f"{_LIGHTGBM}/lambdarank/rank.test",),
            ),
            File(
                "lambdarank/rank.test.query.gz",
                104,
                "36dca82ba3bf99201bac3987b00a8fbf6fe5f563e9fa6d0da90e783710a32df4",
                (f"{_LIGHTGBM}/lambdarank/rank.test.query",),
            ),
        ),
    ),
    DataSet(
        name="mq2008",
        about="LETOR's MQ2008: 784 queries, 46 features, grades 0 to 2, in five parts",
        licence="research use",
        home="https://www.microsoft.com/en-us/research/project/letor-learning-rank-information-retrieval/",
        files=(
            File(
                "mq2008/S1.txt.gz",
                335859,
                "cbd42504549a2388f6c0aefdb506f22074225b574c7a5df10194174c9b00e4e0",
            ),
            File(
                "mq2008/S2.txt.gz",
                421002,
                "055ac792cb8f7d5a029090b8acbfb6c57323339d1371251bf2465ac182aa8605",
            ),
            File(
                "mq2008/S3.txt.gz",
                359999,
                "a03fe2b6e76479de60fecdb37d560a40a4e899b0cd685553d2da31ea205af1ab",
            ),
            File(
                "mq2008/S4.txt.gz",
                316067,
                "a239850bc6fe960ad08c2b7b0d99db90fe976dd93a15358e98036591b4e7a2ac",
            ),
            File(
                "mq2008/S5.txt.gz",
                340356,
                "c68c52feb1ecae7f17b64c8e2fda2098302681bbd4ea5fad8c73a1d32a1cf2b2",
            ),
        ),
    ),
    DataSet(
        name="criteo_tiny",
        about="2,000 rows of the Criteo display-advertising challenge",
        licence="research use",
        home="https://www.kaggle.com/c/criteo-display-ad-challenge",
        files=(
            File(
                "criteo_tiny/train.tiny.csv.gz",
                176515,
                "68f7852149b089e7929ba9e1acd6debbc986cbd498107a7c4dc9f2e716500b18",
            ),
        ),
        form="train.tiny.csv",
    ),
    DataSet(
        name="kuairand_explicit",
        about="41,828 impressions of videos that were liked or hated, with time",
        licence="CC BY-SA 4.0",
        home="https://github.com/alessandrosocc/predict_explicit_negative_feedback_kuairand",
        files=(
            File(
                "kuairand_explicit/kuairand_27k_like_or_hate_kcore15.tsv.gz",
                991219,
                "321128c4543d3e658a1fa9788edd4049295b0d1ccf4469154326fb7769556e0a",
            ),
        ),
        form="processed_data/processed_standard_kcore_15.csv",
    ),
    DataSet(
        name="open_bandit",
        about="40,000 logged recommendations with their propensities (small version)",
        licence="CC BY 4.0",
        home="https://github.com/st-tech/zr-obp",
        files=(
            File(
                "open_bandit/random/men/men.csv.gz",
                170036,
                "ede6d08c6877f99cd3770f7d09e26c738e6aa6de4445ccccfb1356ba5d06b1eb",
            ),
            File(
                "open_bandit/random/men/item_context.csv.gz",
                1110,
                "6d855c2b7e917d0448d71bbe62c023147495882c0fdc8c41e86fef86abf9fe09",
            ),
            File(
                "open_bandit/random/women/women.csv.gz",
                171649,
                "e65f3bd3beb17664fa69cc129bf7bf852a775f8ffa630506e505fc905315bb34",
            ),
            File(
                "open_bandit/random/women/item_context.csv.gz",
                1326,
                "b1ca4905f97703d196004f2ad4552c1e90c2afad8b50688d333b0d2dc0b33147",
            ),
            File(
                "open_bandit/bts/men/men.csv.gz",
                199390,
                "db6d1f7ed2d591ba521533e45286d4c1fba7fe57a8ad2e80342210335f43c527",
            ),
            File(
                "open_bandit/bts/men/item_context.csv.gz",
                1104,
                "3b411ed6b0471316321a6b93f4f756bb25888eac6218cd71d0b603d41d85732d",
            ),
            File(
                "open_bandit/bts/women/women.csv.gz",
                203070,
                "e5d1b49a39b608585a2f3014a3f54970430cd37a495c1b73fceb85cdf428a5b8",
            ),
            File(
                "open_bandit/bts/women/item_context.csv.gz",
                1326,
                "a56295bad066a558eb783055afd9279f5f4e209a4776eafc22151c53f0ac89d4",
            ),
        ),
        form="the folder obp/dataset/obd, or the archive that holds it",
    ),
    DataSet(
        name="wnut17",
        about="Tweets and posts with new and rare names, a token and its tag a line",
        licence="CC BY 4.0",
        home="https://github.com/leondz/emerging_entities_17",
        files=(
            File(
                "wnut17/wnut17train.conll.gz",
                179155,
                "731820e13f71af324c6b55a1575ec2ce59fbaa2a0806f8f0400b98d56cd6a7a5",
                (f"{_WNUT}/wnut17train.conll",),
            ),
            File(
                "wnut17/emerging.dev.conll.gz",
                37714,
                "e053b752b8155113ca66e7db08af5f2f5f43ab993694e4774f1ec5bad42312d8",
                (f"{_WNUT}/emerging.dev.conll",),
            ),
            File(
                "wnut17/emerging.test.annotated.gz",
                64719,
                "2aa79b764e56ec9264a1b30fdd9b70195bd00ff400b62edd8f399d5f13c178f0",
                (f"{_WNUT}/emerging.test.annotated",),
            ),
        ),
    ),
    DataSet(
        name="misspellings",
        about="Misspelt words and the right ones: Birkbeck's, codespell's, Norvig's",
        licence="Birkbeck: research use; codespell: GPL 2.0; Norvig: MIT",
        home="https://norvig.com/spell-correct.html",
        files=(
            File(
                "misspellings/birkbeck.missp.dat.gz",
                120860,
                "956152f72b7164bb020fb46cd08ffc79d0de583994760bb2bbbdbf9289c12e04",
            ),
            File(
                "misspellings/codespell.dictionary.txt.gz",
                293413,
                "a457564a466120c728361e9c759b6a6ef05c2acc05c7e12d1ba0eb251036f42d",
            ),
            File(
                "misspellings/spell-testset1.txt.gz",
                1682,
                "b3e6e350ee1e8e4444b0d37458008bfbf14c41d1cccaa3dfc786bd04bd19ec4a",
            ),
            File(
                "misspellings/spell-testset2.txt.gz",
                3477,
                "be36afd409e58473d3f862b189bc2b81d1acd12b05f252641768a9fd6fe42782",
            ),
        ),
    ),
    DataSet(
        name="msmarco_typo",
        about="Misspelt queries: 60 real ones, and 6,980 with typos that were made",
        licence="Apache 2.0; the queries: non-commercial research",
        home="https://github.com/ielab/CharacterBERT-DR",
        files=(
            File(
                "msmarco_typo/query.tsv.gz",
                1133,
                "c19cd9a9294029a74648370072a1b6feb9001de777ff679329be51225e004390",
            ),
            File(
                "msmarco_typo/query.typo.tsv.gz",
                1132,
                "8f6ca5d2605c7a457dcd6a8081ec66ca10f46e1d1c4820cc6913b1b64f35bef9",
            ),
            File(
                "msmarco_typo/queries.dev.small.tsv.gz",
                120242,
                "f4f71fa87b6be4fb968cca2b8f8554c4ebd003e6c3488af3ac1cc5629c3de189",
            ),
            File(
                "msmarco_typo/queries.dev.small.typo1.tsv.gz",
                127684,
                "f4ca5cc862ae5375a502fb81ba3d5dc88802cdd6dfc3460d97d7f37ce16286dc",
            ),
        ),
    ),
    DataSet(
        name="trec_queries",
        about="110,000 queries of people to web search engines, one a line",
        licence="research use",
        home="https://trec.nist.gov/data/million.query.html",
        files=(
            File(
                "trec_queries/topics.mq.1-10000.txt.gz",
                143675,
                "475812a89ba28f44b34ceb585677dcdf16a1162f22d543658a0e6a9cbd5d55d7",
            ),
            File(
                "trec_queries/topics.mq.10001-20000.txt.gz",
                162686,
                "9d584132b5b16ae6c61707176ab67d59d5908104543bcab77889137f16fd2ce3",
            ),
            File(
                "trec_queries/topics.mq.20001-60000.txt.gz",
                434844,
                "3c0cfa2fbaad58819d2819aade55c37800556d27b36049fa6c8d6715e63f0671",
            ),
            File(
                "trec_queries/topics.terabyte05.efficiency.txt.gz",
                554350,
                "97405368b1e4fbe7585da9e1295903a1b1dde946128e9e2ba95d355988e0e46a",
            ),
        ),
    ),
    DataSet(
        name="word_frequencies",
        about="English words and pairs of words with their counts",
        licence="MIT",
        home="https://github.com/mammothb/symspellpy",
        files=(
            File(
                "word_frequencies/symspell_en_82_765.txt.gz",
                628020,
                "68e9dc81c7e73bd7310b57e516ecaea0d8b6387ff71344a57c04174650a407a7",
            ),
            File(
                "word_frequencies/symspell_bigrams_en_243_342.txt.gz",
                1953535,
                "fd892a160184101dd7ae807ac5a302d01fcea1c47304181a8ed7ed9c94545bcd",
            ),
        ),
    ),
    DataSet(
        name="mot15",
        about="11 sequences of pedestrians, 5,500 frames, with the detections of SORT",
        licence="CC BY-NC-SA 3.0, as remembered; check before you pass it on",
        home="https://motchallenge.net/data/MOT15",
        files=(
            File(
                "mot15/ADL-Rundle-6/det.txt.gz",
                88123,
                "a611ce69ec340a41f69b333ad71e87c1f46aae348a12554e2a26788bb46f1b25",
            ),
            File(
                "mot15/ADL-Rundle-6/gt.txt.gz",
                36691,
                "94ffe227d2dfeb87e03063bb532439b83e637d19bef533ab44d6131217319108",
            ),
            File(
                "mot15/ADL-Rundle-6/seqinfo.ini",
                106,
                "3dd1e870079d7cfb5568254f8ec53536f2bf8a5849d71031c0aee634875990f3",
            ),
            File(
                "mot15/ADL-Rundle-8/det.txt.gz",
                106256,
                "e0d2094ae4578986079ab42c1d658279d1a956bd3795bf0c1e84f255ffa0b7a5",
            ),
            File(
                "mot15/ADL-Rundle-8/gt.txt.gz",
                45692,
                "4635507e9fba8b2bc5c330e66f2103e5759b20615c198ac96ee51d995992a9c2",
            ),
            File(
                "mot15/ADL-Rundle-8/seqinfo.ini",
                106,
                "bda31fe1412a32495ab928a62df21903228b29b053d19d080103c2fd3977cdff",
            ),
            File(
                "mot15/ETH-Bahnhof/det.txt.gz",
                124736,
                "f13da58c4fb500b7c229934da53da3ab134852339aeb37bd18fc4625b8106623",
            ),
            File(
                "mot15/ETH-Bahnhof/gt.txt.gz",
                133126,
                "4ee87de7e4cca09dd54755fb3ce5127ae18a5be360eabd7585e55e1face3cd00",
            ),
            File(
                "mot15/ETH-Bahnhof/seqinfo.ini",
                104,
                "482d6fd0021afb3a8fea2f9c10a4be1876e909b7ae3170c6a40011cc1dcfa2e9",
            ),
            File(
                "mot15/ETH-Pedcross2/det.txt.gz",
                94123,
                "dd591d40ee2511371856423618afcdc57662bb88713bc37e56aff3cb6e306104",
            ),
            File(
                "mot15/ETH-Pedcross2/gt.txt.gz",
                53002,
                "17bd74ff423236fa16e2e94dcd23a1e3c88d0f19c3e13981e04a948c02965af4",
            ),
            File(
                "mot15/ETH-Pedcross2/seqinfo.ini",
                105,
                "3150346b555457539e898ed1c35384716a994365fec6cbba647f76059cc74e87",
            ),
            File(
                "mot15/ETH-Sunnyday/det.txt.gz",
                44515,
                "3b8e765910d9046fdaac8af130e998d50ebffef4c7e57f4fc80dde248680bf71",
            ),
            File(
                "mot15/ETH-Sunnyday/gt.txt.gz",
                32643,
                "8512238ab123a7ac06a004c90bd3ff7f7099c5644b3ac0fcdf757711fca23a40",
            ),
            File(
                "mot15/ETH-Sunnyday/seqinfo.ini",
                104,
                "6cf3e9356800a1e7bc21a97211b6c2ebde1eab0f873e9a971179cdbb1fa4cc81",
            ),
            File(
                "mot15/KITTI-13/det.txt.gz",
                19786,
                "ea574663e858d5cfa0ae31bf8ebe87c5b0dbe660f2912836359999070516247e",
            ),
            File(
                "mot15/KITTI-13/gt.txt.gz",
                11753,
                "2b823d733c19671b9c3acde880f5b3e4e2f65e7561c29e080605f2d7c3789868",
            ),
            File(
                "mot15/KITTI-13/seqinfo.ini",
                101,
                "12d63a5f3eead91fbcce9d62721ae58d715c9e5fcd465482bd9473faa7e05d3d",
            ),
            File(
                "mot15/KITTI-17/det.txt.gz",
                12462,
                "920ff0ae77fb37d2ab497d826d1d11fc2790bf6b35fea793351a61484a9ac332",
            ),
            File(
                "mot15/KITTI-17/gt.txt.gz",
                9465,
                "2ce74cd1b86b43efc71705ab8962223197e7abf0307bd230527f0cb3f3d5fef3",
            ),
            File(
                "mot15/KITTI-17/seqinfo.ini",
                101,
                "f1e3a6a703c9346ba14f0ea28b27702d7970b09b814152f84735cd174a476f8d",
            ),
            File(
                "mot15/PETS09-S2L1/det.txt.gz",
                87343,
                "fc33fb0490c850dae6349f12b76c594ed0a4fac96b68b4b2cd759885f2ea49cc",
            ),
            File(
                "mot15/PETS09-S2L1/gt.txt.gz",
                85256,
                "9759f51a2429b17e1f4dfdd76cf9731ca02097069298914b51d35bb9045baf1d",
            ),
            File(
                "mot15/PETS09-S2L1/seqinfo.ini",
                102,
                "1ecb786b02278317278e1e8e4c6f0aef710ec065f62d4874b6b28638c1e9cff0",
            ),
            File(
                "mot15/TUD-Campus/det.txt.gz",
                6850,
                "99ab27c988173b6b6fc7b9f1dcc5320e8dc94223cf3cce293682b906c065979e",
            ),
            File(
                "mot15/TUD-Campus/gt.txt.gz",
                3381,
                "6ea5c56dffa72db2d286bf3c4593465583bfe43e9ecaa110001ccce2c4d10e39",
            ),
            File(
                "mot15/TUD-Campus/seqinfo.ini",
                101,
                "cbfedb744cb1ed16054969c4af6e73960da2d7453e08a101a0956ce52d91e9de",
            ),
            File(
                "mot15/TUD-Stadtmitte/det.txt.gz",
                19645,
                "945b906548a09b0b5f7a39befe11f96860b0a92dca25d6df813ec73e1246f473",
            ),
            File(
                "mot15/TUD-Stadtmitte/gt.txt.gz",
                17984,
                "009b3ef8df68c963fd8104350083fd6bc9798b6b435858b99dbd1385cfbde873",
            ),
            File(
                "mot15/TUD-Stadtmitte/seqinfo.ini",
                106,
                "13da6b20883d7eddc88ce35f287044c3c6f03915a62ccb76e3bc58e92d0d79b8",
            ),
            File(
                "mot15/Venice-2/det.txt.gz",
                110928,
                "d2dd73581448b49edf3a84a9eaed80bc5089ec945079d1359c6753f46ebf9f6c",
            ),
            File(
                "mot15/Venice-2/gt.txt.gz",
                39760,
                "408d20fab5cbe3a1619e1dac2c84d0cfa479cdb2cb1ca463742db5997501e9cb",
            ),
            File(
                "mot15/Venice-2/seqinfo.ini",
                102,
                "3af1346f68cf82d26fe6be8f00cecb5aa01c7ba01056d75a2d39a0c41e4cede2",
            ),
        ),
    ),
    DataSet(
        name="mot17_gt",
        about="7 sequences of pedestrians, true boxes alone",
        licence="CC BY-NC-SA 3.0, as remembered; check before you pass it on",
        home="https://motchallenge.net/data/MOT17",
        files=(
            File(
                "mot17_gt/MOT17-02/gt.txt.gz",
                161240,
                "2e3ecb488da8886d3200d402b2b08890c6d2879923839444e9b74fa43a551440",
            ),
            File(
                "mot17_gt/MOT17-02/seqinfo.ini",
                108,
                "669c5135aa1b7f1726ee50ab6cec86780fc448dadaf93ea9c4fb6e2a0d4256aa",
            ),
            File(
                "mot17_gt/MOT17-04/gt.txt.gz",
                511599,
                "f8cfbe36ef38a2e1857d7ebfe7d754b2355a3ffb9e1f9cedea435e86e4fbc948",
            ),
            File(
                "mot17_gt/MOT17-04/seqinfo.ini",
                109,
                "f2d5bbe2c4d2a884422571987bc5363b61bb7e2c6748d1cff444e55b4886b888",
            ),
            File(
                "mot17_gt/MOT17-05/gt.txt.gz",
                78437,
                "ed74c54176b21b38cb690eda79a4755cf16e4c4a9ca2f019b0ba8904636174f5",
            ),
            File(
                "mot17_gt/MOT17-05/seqinfo.ini",
                106,
                "2f49de730bcdfcd684069aed291627d2e5f13f8524e5163129e4bac88af815d0",
            ),
            File(
                "mot17_gt/MOT17-09/gt.txt.gz",
                82460,
                "592f0d5b519c03b35bb1578c33d726460f63abb91ea0c515f87e8d6d76be001d",
            ),
            File(
                "mot17_gt/MOT17-09/seqinfo.ini",
                108,
                "96cec357e5661afad673cc2259310d2c0fb93854ffe18b765fd973c38f3957d9",
            ),
            File(
                "mot17_gt/MOT17-10/gt.txt.gz",
                159104,
                "f8cca05d98fa36d8b6f2b807e03d32407d00d40299d679e4da320e42862677c0",
            ),
            File(
                "mot17_gt/MOT17-10/seqinfo.ini",
                108,
                "7af062d088f3b7a88522f8095246eb01a6113d89823a96b7099a09d54421ecbd",
            ),
            File(
                "mot17_gt/MOT17-11/gt.txt.gz",
                110058,
                "4952d6e4efc705c90688e434fd138a55ada2c0d5f576ba3847ee102fc18aff93",
            ),
            File(
                "mot17_gt/MOT17-11/seqinfo.ini",
                108,
                "5e376f2489be7c5c5e64456a3842e9f62aa79ce7455903820c9bd218ff0c806f",
            ),
            File(
                "mot17_gt/MOT17-13/gt.txt.gz",
                196284,
                "4827603ef87bbd61123cb4c5f194b3bf23531bd78ed9cd916084e53dca998013",
            ),
            File(
                "mot17_gt/MOT17-13/seqinfo.ini",
                108,
                "a7a0f607a31e3f311be6e9836214e23d4642c088db56126f51f150f13fe7a3af",
            ),
        ),
    ),
    DataSet(
        name="upworthy",
        about="4,873 randomised tests of headlines with impressions and clicks",
        licence="CC BY 4.0, as remembered; check before you pass it on",
        home="https://upworthy.natematias.com",
        files=(
            File(
                "upworthy/upworthy_exploratory.parquet",
                3320111,
                "91d1d583e267dbd9b4bb3641eb764245e61013deea99a651bdd129376df24782",
            ),
        ),
    ),
    DataSet(
        name="elec2",
        about="45,312 half hours of an electricity market: does the price rise",
        licence="public benchmark, no licence text seen",
        home="https://github.com/scikit-multiflow/streaming-datasets",
        files=(
            File(
                "elec2/elec.csv.gz",
                687660,
                "cdf901433885f29eca6911f70c0eeafb50d90596c879c30c5b99f5a2e8e734ff",
            ),
        ),
    ),
    DataSet(
        name="asos",
        about="78 A/B tests of a shop, 24,153 looks at four metrics",
        licence="CC BY 4.0",
        home="https://osf.io/64jsb/",
        files=(
            File(
                "asos/asos_digital_experiments_dataset.parquet",
                1003239,
                "bdf88b27185d3f7e65912cbb421129a32ae347c2fb0d9442fe54d74266551524",
            ),
        ),
    ),
    DataSet(
        name="hillstrom",
        about="64,000 customers who were sent one of two e-mails, or none",
        licence="published for anybody to analyse, no licence text",
        home="https://blog.minethatdata.com/2008/03/minethatdata-e-mail-analytics-and-data.html",
        files=(
            File(
                "hillstrom/hillstrom.csv.gz",
                439071,
                "27bab8c5d3669f26ec08ebb50a0a78317542f29501156f2e2af6781fab4cd7e2",
            ),
        ),
    ),
    DataSet(
        name="nannyml_employment",
        about="Who is employed: 68,785 people, 208,892 later, and a model's scores",
        licence="Apache 2.0",
        home="https://github.com/NannyML/nannyml",
        files=(
            File(
                "nannyml_employment/employment_MA_reference.parquet",
                1129196,
                "21d0e33655666071bde9ed21bf35b24fe14c1476e3dd37a5194b827ad5a570e4",
            ),
            File(
                "nannyml_employment/employment_MA_analysis.parquet",
                3081660,
                "591328bcf7e46139660f2cc6b1705a6f2f66edf2418ce2a893cf2892be3f66a7",
            ),
            File(
                "nannyml_employment/employment_MA_analysis_target.parquet",
                1144064,
                "c306840f0c092bda7608a09e61e7e715ac2b7fb2d17da8062900c3ecd6fdbe30",
            ),
        ),
    ),
    DataSet(
        name="bank_marketing",
        about="45,211 calls of a bank in order of their date: who took a deposit",
        licence="CC BY 4.0",
        home="https://archive.ics.uci.edu/dataset/222/bank+marketing",
        files=(
            File(
                "bank_marketing/bank_full.csv.gz",
                460845,
                "2b100ec58183c55e10316f60f3a4433c0886d2943be7e09afc4529321c64fd60",
            ),
        ),
    ),
)

CATALOGUE = {data_set.name: data_set for data_set in _DATA_SETS}
"""Every known data set by its name."""
