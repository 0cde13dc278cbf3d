"""Puts the plan on the pull request, in the place of the one before: comment.py FILE, with GITHUB_TOKEN.

It uses nothing but Python: the job that runs it may write to pull requests, and installs no package.
"""

import json
import os
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

MARKER = "<!-- ml-pipeline: the plan -->"
BOT = "github-actions[bot]"
LONGEST = 65_536  # characters that GitHub takes
A_PAGE = 100
_SECONDS = 30


class Api:
    """The comments of one pull request, through GitHub's REST API.

    https://docs.github.com/en/rest/issues/comments
    """

    def __init__(self, url: str, repository: str, number: int, token: str) -> None:
        self._issues = f"{url}/repos/{repository}/issues"
        self._number = number
        self._token = token

    def comments(self) -> Iterator[dict[str, Any]]:
        """Go through all comments, page by page."""
        page = 1
        while found := self._ask("GET", f"{self._number}/comments?per_page={A_PAGE}&page={page}"):
            yield from found
            page += 1

    def create(self, body: str) -> str:
        """Write a comment and return its address."""
        return self._ask("POST", f"{self._number}/comments", {"body": body})["html_url"]

    def update(self, comment: int, body: str) -> str:
        """Replace a comment and return its address."""
        return self._ask("PATCH", f"comments/{comment}", {"body": body})["html_url"]

    def _ask(self, method: str, path: str, values: Mapping[str, Any] | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/vnd.github+json"}
        data = None if values is None else json.dumps(values).encode()
        request = urllib.request.Request(f"{self._issues}/{path}", data, headers, method=method)  # noqa: S310 - GitHub's own
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - GitHub's own
            return json.load(answer)


def put(api: Api, body: str) -> str:
    """Write the comment, or replace ours; somebody else's is left alone, whatever it says. Returns its address."""
    ours = (one["id"] for one in api.comments() if one["user"]["login"] == BOT and one["body"].startswith(MARKER))
    found = next(ours, None)
    return api.create(body) if found is None else api.update(found, body)


def main(arguments: Sequence[str], variables: Mapping[str, str] = os.environ) -> int:
    """Put the file's text on the pull request of the event."""
    (file,) = arguments
    body = Path(file).read_text(encoding="utf-8")
    if not body.startswith(MARKER) or len(body) > LONGEST:
        print(f"::error::{file} is not a plan: it has {len(body)} characters, and begins with {body[:40]!r}")
        return 1
    event = json.loads(Path(variables["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    url, repository = variables["GITHUB_API_URL"], variables["GITHUB_REPOSITORY"]
    api = Api(url, repository, event["pull_request"]["number"], variables["GITHUB_TOKEN"])
    print(put(api, body))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
