"""Where the public sets' files come from: repository, file, licence; taken from local clones.

Fetches nothing: clone the repositories first. A file is taken as it stands in the clone's HEAD,
whatever its working tree holds. Knows git and licences; knows no format.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reread.errors import BadRequest


@dataclass(frozen=True, slots=True)
class Origin:
    """A file of a public repository, and the name it has among the raw files.

    `path` is a whole path, or a pattern of paths where `name` ends in a slash: then every file
    keeps its own path below that folder.
    """

    repository: str
    path: str
    name: str
    licence: str
    needed: bool = True  # False: taken where the clone is there, and done without where it is not


ORIGINS = (
    Origin("rajpurkar/SQuAD-explorer", "dataset/train-v1.1.json", "squad-train.json",
           "CC BY-SA 4.0", needed=False),
    Origin("modestyachts/squadshifts-website", "datasets/new_wiki_v1.0.json", "wiki.json",
           "CC BY 4.0 by the set's card; the repository names none"),
    Origin("modestyachts/squadshifts-website", "datasets/reddit_v1.0.json", "reddit.json",
           "CC BY 4.0 by the set's card; the posts are their writers'"),
    Origin("modestyachts/squadshifts-website", "datasets/amazon_reviews_v1.0.json", "amazon.json",
           "CC BY 4.0 by the set's card; the reviews are their writers'"),
    Origin("wasiahmad/PolicyQA", "data/dev.json", "policy-dev.json", "MIT"),
    Origin("wasiahmad/PolicyQA", "data/test.json", "policy-test.json", "MIT"),
    Origin("deepset-ai/COVID-QA", "data/question-answering/200423_covidQA.json", "covid.json",
           "Apache-2.0"),
    Origin("google-research-datasets/QED", "qed-dev.jsonlines", "qed.jsonl",
           "texts CC BY-SA 3.0; none named for the annotations"),
    Origin("uwnlp/qamr", "data/filtered/dev.tsv", "qamr-dev.tsv",
           "MIT; sentences CC BY-SA and CC BY"),
    Origin("uwnlp/qamr", "data/wiki-sentences.tsv", "qamr-sentences.tsv",
           "MIT; sentences CC BY-SA and CC BY"),
    Origin("NExTplusplus/TAT-QA", "dataset_raw/tatqa_dataset_dev.json", "tat-dev.json",
           "CC BY 4.0"),
    Origin("ppasupat/WikiTableQuestions",
           r"csv/.*\.tsv|data/training\.tsv|misc/table-metadata\.tsv", "wtq/", "CC BY-SA 4.0"),
    Origin("pubmedqa/pubmedqa", "data/ori_pqal.json", "pubmed.json",
           "MIT; abstracts are their publishers'"),
    Origin("haitian-sun/ConditionalQA", "v1_0/train.json", "cond.json",
           "BSD-2-Clause; texts Open Government Licence 3"),
)  # fmt: skip


def collect(clones: Path, raw: Path, origins: Sequence[Origin] = ORIGINS) -> dict[str, int]:
    """Take all files from the clones `clones/<owner>/<name>` into `raw`; files per name.

    Raises BadRequest naming every needed repository that is not there, or the first file that is
    not in its clone.
    """
    here = [one for one in origins if one.needed or (clones / one.repository).exists()]
    wanted = sorted({origin.repository for origin in here})
    missing = [one for one in wanted if not (clones / one).exists()]
    if missing:
        raise BadRequest(
            f"{clones} has no clone of {', '.join(missing)}; git clone each of them into "
            f"{clones}/OWNER/NAME."
        )
    counts = {}
    for origin in here:
        clone = clones / origin.repository
        if origin.name.endswith("/"):
            found = [one for one in paths_of(clone) if re.fullmatch(origin.path, one)]
            targets = [raw / origin.name / one for one in found]
        else:
            found = [one for one in paths_of(clone) if one == origin.path]
            targets = [raw / origin.name for _ in found]
        if not found:
            raise BadRequest(f"{clone} holds no {origin.path}; fetch its newest commit.")
        for path, target in zip(found, targets, strict=True):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(contents(clone, path))
        counts[origin.name] = len(found)
    return counts


def paths_of(clone: Path) -> list[str]:
    """Every path of the clone's HEAD."""
    return _git(clone, "ls-tree", "-r", "--name-only", "-z", "HEAD").decode().split("\0")[:-1]


def contents(clone: Path, path: str) -> bytes:
    """A file as it stands in the clone's HEAD, whether or not it is checked out."""
    return _git(clone, "show", f"HEAD:{path}")


def _git(clone: Path, *arguments: str) -> bytes:
    done = subprocess.run(["git", "-C", str(clone), *arguments], capture_output=True, check=False)
    if done.returncode:
        raise BadRequest(
            f"git could not read {clone} ({done.stderr.decode().strip()[:200]}); clone it again."
        )
    return done.stdout
