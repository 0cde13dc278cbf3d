"""Snowflake Scripting: blocks of statements with variables, conditions, loops and handlers.

`reading` makes a tree of a block's text (`tree`), `running` carries it out with the block's names (`variables`);
`text` puts variables into SQL, `cursors` goes through rows, `raising` is what goes wrong. `block` is the door.
https://docs.snowflake.com/en/developer-guide/snowflake-scripting/index
"""
