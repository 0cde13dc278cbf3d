"""The entrypoint of the ML Job that trains: a file of the release, beside the payload's archive, which it imports.

It writes the model to the candidate's stage; what the step returns is the job's result.
"""

import json
import signal
import sys
from pathlib import Path
from typing import Any

ARCHIVE = "ml_pipeline.zip"


def main(text: str, versions: str, step: str) -> dict[str, Any]:
    """Train for the run that this text describes, or fit its accepted model again, with the session that the job has.

    `versions` are those that the task has of what a model is made with; with others, nothing is trained.
    """
    sys.path.insert(0, str(Path(__file__).with_name(ARCHIVE)))
    from snowflake.snowpark.context import get_active_session

    from ml_pipeline import jobs
    from ml_pipeline.config import Run
    from ml_pipeline.parameters import settle

    run = Run.from_json(text)
    jobs.require(run, json.loads(versions))
    from ml_pipeline.training import in_job

    session = get_active_session()
    settle(session)
    # Whoever waits for the job cancels it in time, but may be gone.
    signal.alarm(60 * run.settings.training.timeout_minutes)
    return in_job(session, run, step)


if __name__ == "__main__":
    # Where MLJob.result() finds it.
    __return__ = main(*sys.argv[1:])
