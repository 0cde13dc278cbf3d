"""A plan is a value: what would change, and the statements that change it."""

import dataclasses
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.apply import classic, task_graph
from deploy.apply import statements as apply
from deploy.graph.graph import EMPTY, Graph, TaskSpec
from deploy.graph.properties import create_or_alter
from deploy.plan import plan
from deploy.plan import text as plan_text
from deploy.plan.deployed import Deployed
from deploy.plan.plan import Added, Changed, Removed
from ml_pipeline import config

DEV = config.load("dev", Path(__file__).parents[2] / "tests/environments")
ROOT = DEV.graph.name


def chain(*names, finalizer="", config_text='{"release": "one"}'):
    """A graph of tasks in a row."""
    full = [f"{ROOT}${name}" for name in names]
    tasks = [TaskSpec(ROOT, "select 1", properties=(("SCHEDULE", "5 MINUTE"), ("CONFIG", config_text)))]
    tasks += [TaskSpec(name, f"CALL {name}()", (before,)) for before, name in zip([ROOT, *full], full, strict=False)]
    tasks += [TaskSpec(f"{ROOT}${finalizer}", "CALL f()", finalizes=ROOT)] if finalizer else []
    return Graph.of(tasks)


def in_use(graph):
    return [Deployed(each, frozenset(task.name for task in each.children), "01b") for each in graph.parts]


def changes(proposal):
    return [change for section in proposal.sections for change in section.changes]


def test_the_same_graph_plans_to_nothing():
    graph = chain("A", "B", finalizer="Z")
    proposal = plan.make(graph, in_use(graph))
    assert proposal.empty
    assert plan_text.text(proposal) == "no changes: the deployed graph is the release's"


def test_everything_is_added_to_an_empty_schema():
    proposal = plan.make(chain("A", "B"), ())
    assert [type(change) for change in changes(proposal)] == [Added] * 3
    assert proposal.resumed == ()


def test_a_change_names_each_property_with_old_and_new():
    old, new = chain("A"), chain("A", config_text='{"release": "two"}')
    (change,) = changes(plan.make(new, in_use(old)))
    assert change.differences == {"CONFIG": ('{"release": "one"}', '{"release": "two"}')}


def test_a_property_that_goes_is_a_change():
    old = chain("A")
    bare = dataclasses.replace(old.root, properties=(("CONFIG", '{"release": "one"}'),))
    (change,) = changes(plan.make(Graph.of([bare, *old.children]), in_use(old)))
    assert change.differences == {"SCHEDULE": ("5 MINUTE", None)}


def test_a_child_that_somebody_suspended_is_resumed():
    graph = chain("A", "B")
    proposal = plan.make(graph, [Deployed(graph, frozenset({f"{ROOT}$A"}))])
    assert not proposal.empty
    assert proposal.resumed == (f"{ROOT}$B",)
    assert plan_text.text(proposal).splitlines()[0] == f"^ {ROOT}$B"


def test_the_hash_names_exactly_these_changes():
    first = plan.make(chain("A", "B"), in_use(chain("A")))
    assert first.hash == plan.make(chain("A", "B"), in_use(chain("A"))).hash
    assert first.hash != plan.make(chain("A", "C"), in_use(chain("A"))).hash


def statements(new, old):
    return apply.statements(DEV, plan.make(new, in_use(old)))


def position(lines, start):
    return next(index for index, line in enumerate(lines) if line.startswith(start))


def name(task):
    return f'"T_DEV"."MAIN"."{ROOT}${task}"'


def test_the_root_is_suspended_first_and_never_resumed_by_apply():
    lines = statements(chain("A", "B"), EMPTY)
    assert lines[0] == f'ALTER TASK IF EXISTS "T_DEV"."MAIN"."{ROOT}" SUSPEND'
    assert f'ALTER TASK "T_DEV"."MAIN"."{ROOT}" RESUME' not in lines


def test_only_what_changed_is_touched():
    lines = statements(chain("A", "B", "C"), chain("A", "B"))
    assert [line.split("\n")[0] for line in lines[1:]] == [
        f"CREATE OR ALTER TASK {name('C')}",
        f"ALTER TASK {name('C')} RESUME",
    ]


def test_a_removed_task_is_dropped_after_its_successor_left_it():
    lines = statements(chain("B"), chain("A", "B"))
    assert position(lines, f"CREATE OR ALTER TASK {name('B')}") < position(lines, f"DROP TASK IF EXISTS {name('A')}")


def test_removed_tasks_are_dropped_successors_first():
    lines = statements(chain(), chain("A", "B"))
    assert lines[1:] == [f"DROP TASK IF EXISTS {name('B')}", f"DROP TASK IF EXISTS {name('A')}"]


def test_the_old_finalizer_goes_before_the_new_one_comes():
    lines = statements(chain("A", finalizer="NEW"), chain("A", finalizer="OLD"))
    assert position(lines, f"DROP TASK IF EXISTS {name('OLD')}") < position(
        lines, f"CREATE OR ALTER TASK {name('NEW')}"
    )


def test_a_finalizer_that_becomes_a_child_gives_its_place_up_first():
    lines = statements(chain("A", "F", finalizer="Z"), chain("A", finalizer="F"))
    assert position(lines, f"ALTER TASK {name('F')} SUSPEND") == 1
    assert position(lines, f"ALTER TASK {name('F')} UNSET FINALIZE") == 2
    assert f"ALTER TASK {name('F')} RESUME" in lines


def test_the_text_of_a_task_is_snowflakes_syntax():
    properties = (("WAREHOUSE", "WH"), ("CONFIG", "{}"), ("USER_TASK_TIMEOUT_MS", 5), ("COMMENT", "it's"))
    task = TaskSpec("T", "CALL f()", ("A", "B"), condition="x = 'y'", properties=properties)
    assert create_or_alter(DEV, task).splitlines() == [
        'CREATE OR ALTER TASK "T_DEV"."MAIN"."T"',
        '  WAREHOUSE = "WH"',
        "  CONFIG = '{}'",
        "  USER_TASK_TIMEOUT_MS = 5",
        """  COMMENT = 'it''s [deploy {"USER_TASK_TIMEOUT_MS": 5}]'""",
        '  AFTER "T_DEV"."MAIN"."A", "T_DEV"."MAIN"."B"',
        "  WHEN x = 'y'",
        "AS",
        "CALL f()",
    ]


def test_a_finalizer_names_its_root():
    assert f'  FINALIZE = "T_DEV"."MAIN"."{ROOT}"' in create_or_alter(DEV, TaskSpec("T", "CALL f()", finalizes=ROOT))


def test_clauses_stand_in_the_order_of_the_documentation():
    properties = (("TASK_AUTO_RETRY_ATTEMPTS", 2), ("SCHEDULE", "90 MINUTE"), ("COMMENT", "c"))
    text = create_or_alter(DEV, TaskSpec("T", "SELECT 1", finalizes=ROOT, properties=properties))
    found = [line.split("=")[0].strip() for line in text.splitlines()[1:-2]]
    assert found == ["SCHEDULE", "COMMENT", "FINALIZE", "TASK_AUTO_RETRY_ATTEMPTS"]
    assert "SCHEDULE = '90 MINUTES'" in text


def test_a_task_graph_object_says_its_clauses_in_the_order_of_the_documentation():
    """https://docs.snowflake.com/en/sql-reference/sql/create-task-graph."""
    properties = (("TASK_AUTO_RETRY_ATTEMPTS", 2), ("CONFIG", "{}"), ("SCHEDULE", "90 MINUTE"), ("COMMENT", "c"))
    tasks = [TaskSpec(ROOT, "SELECT 1", properties=properties, condition="TRUE"), TaskSpec("Z", "S", finalizes=ROOT)]
    lines = task_graph.statements(DEV, *plan.make(Graph.of(tasks), ()).sections)
    said = next(line for line in lines if line.startswith("CREATE OR ALTER TASK GRAPH"))
    found = [line.split()[0] for line in said.splitlines()[1:]]
    assert found == ["SCHEDULE", "ROOTS", "FINALIZER", "CONFIG", "TASK_AUTO_RETRY_ATTEMPTS", "COMMENT", "WHEN"]


def serverless(*properties):
    return TaskSpec(f"{ROOT}$T", "SELECT 1", (ROOT,), properties=properties)


@pytest.mark.parametrize(
    ("old", "new", "before", "after"),
    [
        ((), (("TARGET_COMPLETION_INTERVAL", "5 MINUTE"),), [], ["SET TARGET_COMPLETION_INTERVAL = '5 MINUTES'"]),
        ((("TARGET_COMPLETION_INTERVAL", "5 MINUTE"),), (), ["UNSET TARGET_COMPLETION_INTERVAL"], []),
        (
            (("SERVERLESS_TASK_MIN_STATEMENT_SIZE", "SMALL"),),
            (("SERVERLESS_TASK_MAX_STATEMENT_SIZE", "LARGE"),),
            ["UNSET SERVERLESS_TASK_MIN_STATEMENT_SIZE"],
            ["SET SERVERLESS_TASK_MAX_STATEMENT_SIZE = 'LARGE'"],
        ),
        ((), (), [], []),
    ],
)
def test_what_create_or_alter_does_not_know_is_unset_before_it_and_set_after_it(old, new, before, after):
    """https://docs.snowflake.com/en/sql-reference/sql/create-task has no place for these there."""
    root = TaskSpec(ROOT, "select 1")
    there, wanted = Graph((root, serverless(*old))), Graph((root, serverless(*new, ("COMMENT", "new"))))
    lines = classic.statements(DEV, *plan.make(wanted, [Deployed(there, frozenset({f"{ROOT}$T"}))]).sections)
    (at,) = [number for number, line in enumerate(lines) if line.startswith(f"CREATE OR ALTER TASK {name('T')}")]
    altered = [[f"ALTER TASK {name('T')} {change}" for change in each] for each in (before, after)]
    assert [lines[at - len(before) : at], lines[at + 1 : at + 1 + len(after)]] == altered
    assert not re.search("TARGET_COMPLETION_INTERVAL =|SERVERLESS_TASK_[A-Z_]* =", lines[at])


@st.composite
def graphs(draw):
    count = draw(st.integers(0, 6))
    tasks = [TaskSpec(ROOT, "select 1")]
    for index in range(count):
        before = draw(st.sets(st.sampled_from([task.name for task in tasks]), min_size=1, max_size=3))
        text = draw(st.sampled_from(["SELECT 1", "SELECT 2"]))
        tasks.append(TaskSpec(f"{ROOT}$T{draw(st.integers(0, 1))}{index}", text, tuple(sorted(before))))
    if draw(st.booleans()):
        tasks.append(TaskSpec(f"{ROOT}$Z{draw(st.integers(0, 1))}", "SELECT 3", finalizes=ROOT))
    return Graph.of(tasks)


@given(graphs(), graphs())
def test_after_a_plan_there_is_nothing_left_to_plan(old, new):
    tasks = dict(old.by_name)
    for change in changes(plan.make(new, in_use(old))):
        if isinstance(change, Removed):
            del tasks[change.name]
        else:
            tasks[change.name] = change.task
    assert plan.make(new, in_use(Graph.of(tasks.values()))).empty


@given(graphs(), graphs())
def test_no_statement_names_a_predecessor_that_is_not_there_yet(old, new):
    there = set(old.by_name)
    for change in changes(plan.make(new, in_use(old))):
        if not isinstance(change, Removed):
            assert set(change.task.predecessors) <= there
            there.add(change.name)


def test_a_changed_config_is_shown_key_by_key_with_its_table():
    old = '{"release": "one", "settings": {"data": {"rows": 1, "same": 2}}}'
    new = '{"release": "two", "settings": {"data": {"rows": 5, "same": 2}, "model": {"n": 1}}}'
    proposal = plan.make(chain("A", config_text=new), in_use(chain("A", config_text=old)))
    assert plan_text.text(proposal).splitlines() == [
        f"~ {ROOT}",
        "    CONFIG release: one -> two",
        "    CONFIG settings.data.rows: 1 -> 5",
        "    CONFIG settings.model.n: (none) -> 1",
        "0 to add, 1 to change, 0 to remove",
    ]


def test_a_long_text_is_shown_as_its_differing_lines():
    old = TaskSpec("T", "BEGIN\nSELECT 1;\nEND")
    new = TaskSpec("T", "BEGIN\nSELECT 2;\nEND")
    proposal = plan.Plan((plan.Section("T", EMPTY, (Changed(new, old),)),))
    assert plan_text.text(proposal).splitlines()[1:-1] == ["    AS:", "      -SELECT 1;", "      +SELECT 2;"]


def test_of_two_long_lines_only_what_differs_is_shown_and_what_is_around_it():
    head, tail = "SELECT " + "a, " * 100, ", b" * 100
    old, new = (TaskSpec("T", f"{head}{middle}{tail}") for middle in ("one", "another"))
    (line,) = plan_text.text(plan.Plan((plan.Section("T", EMPTY, (Changed(new, old),)),))).splitlines()[1:-1]
    assert "a, one, b" in line
    assert "a, another, b" in line
    assert len(line) < 200


def test_the_summary_counts_what_is_resumed():
    graph = chain("A")
    assert plan_text.summary(plan.make(graph, [Deployed(graph)])) == "0 to add, 0 to change, 0 to remove, 1 to resume"


def test_the_drawing_marks_what_changes():
    proposal = plan.make(chain("A", "C", finalizer="Z"), in_use(chain("A", "B")))
    drawing = plan_text.mermaid(*proposal.sections)
    assert drawing.startswith("flowchart LR\n")
    assert f't1["{ROOT}$A"]' in drawing
    assert f't3(["{ROOT}$Z"])' in drawing
    assert "t1 --> t2" in drawing
    assert "class t2,t3 added" in drawing
    assert "class t4 removed" in drawing
    assert "classDef changed" not in drawing


def test_the_markdown_carries_summary_drawing_and_hash():
    proposal = plan.make(chain("A"), ())
    text = plan_text.markdown(proposal, "T_DEV.MAIN")
    for part in ("### T_DEV.MAIN", "2 to add", "```mermaid", "```diff", proposal.hash[:12]):
        assert part in text


@pytest.mark.parametrize("key", ["release", "added", "changed", "removed", "resumed"])
def test_the_json_says_all_of_it(key):
    assert key in plan.make(chain("A"), ()).to_dict()
