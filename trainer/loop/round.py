"""One retraining round, from a claimed job to a published generation.

Every stage leaves either nothing behind or a committed artefact, so a round that was killed is
simply run again: a job whose checkpoint is committed goes on with the build, and one whose
generation is published only has to say so.
"""

import logging
from contextlib import suppress
from dataclasses import replace

from reread.artefacts.checkpoints import prune_checkpoints, read_checkpoint, write_checkpoint
from reread.artefacts.manifest import read_manifest
from reread.artefacts.publication import chosen, current
from reread.errors import CorruptArtefact
from reread.home import Home, numbers
from trainer.loop.building import BuilderKilled, BuildFailed, build
from trainer.loop.candidate import Candidate, Rejected, make_candidate, report_within
from trainer.loop.lease import Lease
from trainer.loop.parts import RoundParts

logger = logging.getLogger(__name__)

BUILD_ATTEMPTS = 3


def run_round(parts: RoundParts, lease: Lease) -> None:
    """Bring the job to `done` or `rejected`; what an exception means is the caller's to say."""
    params = dict(lease.job.params)
    force = bool(params.pop("force", False))
    parts = replace(parts, settings=parts.settings.updated(params))
    # Kept in the job, so that a trainer which takes it up knows since when it has been at work.
    lease.remember(choice=lease.job.metrics.get("choice", chosen(parts.home)))
    checkpoint = find_checkpoint(parts.home, lease.job.id)
    if checkpoint is None:
        outcome = make_candidate(parts, lease, force=force)
        if isinstance(outcome, Rejected):
            lease.finish("rejected", error=outcome.reason, metrics=outcome.metrics)
            return
        checkpoint = commit(parts, lease, outcome)
    publish(parts, lease, checkpoint)


def find_checkpoint(home: Home, job_id: str) -> int | None:
    """The sound checkpoint this job committed before it was killed, if it did."""
    for number in reversed(numbers(home.checkpoints_dir)):
        with suppress(CorruptArtefact):  # trained again rather than built from
            if read_checkpoint(home, number).config.get("job") == job_id:
                return number
    return None


def commit(parts: RoundParts, lease: Lease, candidate: Candidate) -> int:
    lease.check()  # a trainer that lost its lease must not add a checkpoint
    config = {
        "job": lease.job.id,
        "log": candidate.log,
        "start_encoder": parts.settings.start_encoder,
        "settings": parts.settings.to_flat(),
    }
    return write_checkpoint(
        parts.home,
        candidate.retriever,
        candidate.cursor,
        candidate.metrics,
        config,
        save_reader=candidate.save_reader,
        reach=parts.reach,
    )


def publish(parts: RoundParts, lease: Lease, checkpoint: int) -> None:
    metrics = read_checkpoint(parts.home, checkpoint).metrics
    lease.show_metrics(metrics)
    report_within(lease, "building", 0.0)
    generation = build_until_published(parts, lease, checkpoint)
    parts.reach("finish")
    lease.finish("done", generation=generation, metrics=metrics)
    prune_checkpoints(parts.home)


def build_until_published(parts: RoundParts, lease: Lease, checkpoint: int) -> int:
    """Build, unless that was done before; a builder killed from outside is started again."""
    options = ["--checkpoint", str(checkpoint), "--fence", str(lease.fence)]
    options += ["--choice", str(lease.remembered["choice"])]
    for attempt in range(1, BUILD_ATTEMPTS + 1):
        generation = published_from(parts.home, checkpoint)
        if generation is not None:
            return generation
        try:
            return build(
                [*parts.build_command, *options],
                lambda stage, share: report_within(lease, "building", share),
            )
        except BuilderKilled:
            if attempt == BUILD_ATTEMPTS:
                raise
            logger.warning("the builder was killed, attempt %d of %d", attempt, BUILD_ATTEMPTS)
        except BuildFailed:
            # A builder of a trainer that was taken for dead may have published it meanwhile.
            generation = published_from(parts.home, checkpoint)
            if generation is None:
                raise
            return generation
    raise AssertionError("the last attempt returns or raises")


def published_from(home: Home, checkpoint: int) -> int | None:
    """The generation being served, if it was built from this checkpoint."""
    serving = current(home)
    if serving is None:
        return None
    manifest = read_manifest(home.generations_dir / str(serving.number))
    return serving.number if manifest.checkpoint == checkpoint else None
