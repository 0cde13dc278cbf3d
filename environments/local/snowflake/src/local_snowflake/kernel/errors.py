"""Snowflake's errors: message, error code and SQLSTATE, as clients branch on them."""


class SnowflakeError(Exception):
    """A statement's failure, as the account reports it.

    Args:
        message: Snowflake's text, first line the kind of error.
        code: six digits, such as "002003".
        sqlstate: five characters, such as "42S02".

    """

    def __init__(self, message: str, code: str, sqlstate: str) -> None:
        super().__init__(message)
        self.message, self.code, self.sqlstate = message, code, sqlstate


def does_not_exist(kind: str, name: object) -> SnowflakeError:
    """The object is missing, or the role may not see it: Snowflake does not tell which."""
    text = f"SQL compilation error:\n{kind.capitalize()} '{name}' does not exist or not authorized."
    return SnowflakeError(text, "002003", "42S02" if kind.upper() in {"TABLE", "VIEW", "OBJECT"} else "02000")


def cannot_be_performed() -> SnowflakeError:
    """What USE, and a missing database or schema in a name, answer."""
    text = "SQL compilation error:\nObject does not exist, or operation cannot be performed."
    return SnowflakeError(text, "002043", "02000")


def already_exists(name: object) -> SnowflakeError:
    """CREATE without OR REPLACE or IF NOT EXISTS met an object of that name."""
    return SnowflakeError(f"SQL compilation error:\nObject '{name}' already exists.", "002002", "42710")


def syntax_error(detail: str) -> SnowflakeError:
    """The statement cannot be parsed."""
    return SnowflakeError(f"SQL compilation error:\nsyntax error {detail}", "001003", "42000")


def invalid(detail: str, code: str = "001008", sqlstate: str = "22023") -> SnowflakeError:
    """A well-formed statement with a value or a combination that Snowflake refuses."""
    return SnowflakeError(f"SQL compilation error:\n{detail}", code, sqlstate)


def unsupported(feature: str) -> SnowflakeError:
    """Something that the account (here: the local Snowflake) does not answer; the statement is named."""
    return SnowflakeError(f"SQL compilation error:\nUnsupported feature '{feature}'.", "000002", "0A000")


def insufficient_privileges(kind: str, name: object) -> SnowflakeError:
    """The role sees the object but lacks the privilege."""
    text = f"SQL access control error:\nInsufficient privileges to operate on {kind.lower()} '{name}'."
    return SnowflakeError(text, "003001", "42501")


def full_disk() -> SnowflakeError:
    """What is to be kept finds no room."""
    text = "The disk that holds the account of the local Snowflake is full. Make room, and run the statement again."
    return SnowflakeError(text, "100132", "53100")


def execution_error(detail: str, code: str = "100132", sqlstate: str = "P0000") -> SnowflakeError:
    """A failure while a statement runs."""
    return SnowflakeError(detail, code, sqlstate)
