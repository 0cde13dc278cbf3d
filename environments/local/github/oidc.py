"""An OpenID Connect issuer that mints tokens as GitHub Actions does.

A job asks for a token at ACTIONS_ID_TOKEN_REQUEST_URL, with ACTIONS_ID_TOKEN_REQUEST_TOKEN as its bearer. On GitHub the
address itself stands for the job; here its query says what is particular to the job (see JOB_CLAIMS).
https://docs.github.com/en/actions/reference/security/oidc
"""

from __future__ import annotations

import json
import secrets
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

LIFE_SECONDS = 300
_ALGORITHM = "RS256"
# What a token says of its job, and what it says of one that says nothing of itself.
JOB_CLAIMS = {
    "environment": "",
    "ref": "refs/heads/main",
    "sha": "0" * 40,
    "event_name": "push",
    "run_id": "1",
    "run_number": "1",
    "run_attempt": "1",
    "actor": "octocat",
    "workflow": "cd",
    "job_workflow_ref": "",
}


@dataclass(frozen=True)
class Repository:
    """Whose jobs ask for tokens.

    Attributes:
        immutable: subjects carry the ids, as those of repositories made, renamed or transferred since 2026-07-15 do.

    """

    owner: str = "acme"
    name: str = "ml"
    owner_id: int = 1
    id: int = 2
    immutable: bool = True

    @property
    def full_name(self) -> str:
        """OWNER/REPO."""
        return f"{self.owner}/{self.name}"

    @property
    def subject_prefix(self) -> str:
        """What every subject of the repository begins with."""
        if self.immutable:
            return f"repo:{self.owner}@{self.owner_id}/{self.name}@{self.id}"
        return f"repo:{self.full_name}"

    def subject(self, job: Mapping[str, str]) -> str:
        """Who the job is: its environment if it has one, else the pull request or the ref that it runs for."""
        if job["environment"]:
            return f"{self.subject_prefix}:environment:{job['environment'].replace(':', '%3A')}"
        if job["event_name"] == "pull_request":
            return f"{self.subject_prefix}:pull_request"
        return f"{self.subject_prefix}:ref:{job['ref']}"


@dataclass
class Issuer:
    """A running issuer; as a context manager it stops at the end.

    Attributes:
        minted: every token that was handed out, so that a test can look for them where they must not be.
        clock: the time in seconds, which a test may set back.

    """

    repository: Repository = field(default_factory=Repository)
    minted: list[str] = field(default_factory=list)
    clock: Any = time.time

    def __post_init__(self) -> None:
        self.bearer = secrets.token_urlsafe(24)
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._key_id = uuid.uuid4().hex
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def address(self) -> str:
        """The issuer's name and address, the `iss` of its tokens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def request_url(self, **job: str) -> str:
        """The ACTIONS_ID_TOKEN_REQUEST_URL of a job; it has a query, to which the job appends `&audience=`."""
        unknown = job.keys() - JOB_CLAIMS.keys()
        if unknown:
            raise ValueError(f"no claims of a job: {', '.join(sorted(unknown))}")
        return f"{self.address}/token?{urlencode({'api-version': '2.0', **job})}"

    def variables(self, **job: str) -> dict[str, str]:
        """The environment variables that GitHub gives a job with the permission `id-token: write`."""
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": self.request_url(**job),
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self.bearer,
        }

    def mint(self, audience: str, **job: str) -> str:
        """A signed token for a job."""
        token = jwt.encode(self.claims(audience, job), self._key, _ALGORITHM, headers={"kid": self._key_id})
        self.minted.append(token)
        return token

    def claims(self, audience: str, job: Mapping[str, str]) -> dict[str, Any]:
        """What a token says."""
        repository, now = self.repository, int(self.clock())
        said = JOB_CLAIMS | job
        return {
            **{key: value for key, value in said.items() if value},
            "iss": self.address,
            "sub": repository.subject(said),
            "aud": audience or f"https://github.com/{repository.owner}",
            "jti": str(uuid.uuid4()),
            "iat": now,
            "nbf": now - 5,
            "exp": now + LIFE_SECONDS,
            "repository": repository.full_name,
            "repository_id": str(repository.id),
            "repository_owner": repository.owner,
            "repository_owner_id": str(repository.owner_id),
            "ref_type": "branch",
            "runner_environment": "github-hosted",
        }

    @property
    def documents(self) -> dict[str, dict[str, Any]]:
        """What anybody may read, by path: how to check a token of this issuer."""
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
        return {
            "/.well-known/openid-configuration": {
                "issuer": self.address,
                "jwks_uri": f"{self.address}/.well-known/jwks",
                "subject_types_supported": ["public", "pairwise"],
                "response_types_supported": ["id_token"],
                "id_token_signing_alg_values_supported": [_ALGORITHM],
                "scopes_supported": ["openid"],
            },
            "/.well-known/jwks": {"keys": [public | {"kid": self._key_id, "use": "sig", "alg": _ALGORITHM}]},
        }


def _handler(issuer: Issuer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers for one issuer."""

        def do_GET(self) -> None:
            """Answer a public document, or a token to whom it is due."""
            where = urlsplit(self.path)
            if where.path in issuer.documents:
                return self._answer(200, issuer.documents[where.path])
            if where.path != "/token":
                return self._answer(404, {"message": "Not Found"})
            if not secrets.compare_digest(self.headers.get("Authorization", ""), f"Bearer {issuer.bearer}"):
                return self._answer(401, {"message": "Unauthorized"})
            asked = dict(parse_qsl(where.query))
            job = {key: value for key, value in asked.items() if key in JOB_CLAIMS}
            return self._answer(200, {"count": 1, "value": issuer.mint(asked.get("audience", ""), **job)})

        def _answer(self, status: int, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: requests carry bearers, and answers carry tokens."""

    return Handler
