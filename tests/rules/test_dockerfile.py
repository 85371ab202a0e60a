"""Dockerfiles from the history that builders write."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.rules.dockerfile import STEPS_MAX, TEXT_MAX, dockerfile, steps_of


def lines(config: dict[str, Any], annotations: dict[str, str] | None = None) -> list[str]:
    text = dockerfile(config, annotations or {})
    assert text.endswith("\n")
    head, base, *rest = text.splitlines()
    assert head.startswith("# Reconstructed")
    return [base, *rest]


def of(*steps: str, **inner: Any) -> list[str]:
    history = [{"created_by": step} for step in steps]
    return lines({"history": history, "config": inner})[1:]


def test_a_classic_image() -> None:
    config = {
        "config": {"Env": ["PATH=/usr/bin", "GREETING=hello world"]},
        "history": [
            {"created_by": "/bin/sh -c #(nop) ADD file:" + "ab" * 32 + " in / "},
            {"created_by": '/bin/sh -c #(nop)  CMD ["bash"]', "empty_layer": True},
            {"created_by": "/bin/sh -c apt-get update   && apt-get install -y curl"},
            {"created_by": "/bin/sh -c #(nop)  ENV GREETING=hello world", "empty_layer": True},
            {"created_by": "|1 VERSION=1.2 /bin/sh -c make VERSION=$VERSION"},
            {"created_by": "/bin/sh -c #(nop)  EXPOSE 80/tcp", "empty_layer": True},
            {"created_by": "/bin/sh -c #(nop)  VOLUME [/data /cache]", "empty_layer": True},
        ],
    }
    assert lines(config) == [
        "FROM scratch",
        "# file:" + "ab" * 32 + " stands for files of the build's context",
        "ADD file:abababababa /",
        'CMD ["bash"]',
        "RUN apt-get update \\",
        "    && apt-get install -y curl",
        'ENV GREETING="hello world"',
        "# with VERSION=1.2",
        "RUN make VERSION=$VERSION",
        "EXPOSE 80/tcp",
        "VOLUME /data /cache",
    ]


def test_a_buildkit_image() -> None:
    assert of(
        "COPY . /app # buildkit",
        "WORKDIR /app",
        "RUN /bin/sh -c pip install .\t&& rm -r /root/.cache # buildkit",
        "RUN |2 A=1 B=2 /bin/sh -c echo $A # buildkit",
        "EXPOSE map[80/tcp:{} 443/tcp:{}]",
        'HEALTHCHECK &{["CMD-SHELL" "curl -f http://localhost"] "30s" "0s" "0s" \'\\x00\'}',
        'HEALTHCHECK &{["NONE"] "0s" "0s" "0s" \'\\x00\'}',
        'HEALTHCHECK &{["CMD" "/check" "-v"] "0s"}',
        "USER 1000:1000",
        'ENTRYPOINT ["python" "-m" "app"]',
        'LABEL title=My app "x"',
        "ARG VERSION=1",
        Labels={"title": 'My app "x"'},
    ) == [
        "COPY . /app",
        "WORKDIR /app",
        "RUN pip install . \\",
        "    && rm -r /root/.cache",
        "# with A=1 B=2",
        "RUN echo $A",
        "EXPOSE 80/tcp 443/tcp",
        '# times: "30s" "0s" "0s" \'\\x00\'',
        "HEALTHCHECK CMD curl -f http://localhost",
        "HEALTHCHECK NONE",
        '# times: "0s"',
        'HEALTHCHECK CMD ["/check", "-v"]',
        "USER 1000:1000",
        'ENTRYPOINT ["python" "-m" "app"]',
        'LABEL title="My app \\"x\\""',
        "ARG VERSION=1",
    ]


def test_several_lines_are_a_here_document() -> None:
    assert of("RUN /bin/sh -c set -e\necho EOF\nEOF # buildkit") == [
        "RUN <<EOF1",
        "set -e",
        "echo EOF",
        "EOF",
        "EOF1",
    ]


def test_what_other_builders_say_is_a_comment() -> None:
    assert of("bazel build ...", "debian.sh --arch amd64\nFROM evil", "FROM other") == [
        "# bazel build ...",
        "# debian.sh --arch amd64",
        "# FROM evil",
        "# FROM other",
    ]
    history = [{"comment": "made by ko"}, {"empty_layer": True}, {"created_by": "/entry"}]
    assert lines({"history": history})[1:] == [
        "# A layer of which nothing is said: made by ko",
        "# A setting of which nothing is said",
        "RUN /entry",
    ]


def test_blanks_in_quotes_are_left_alone() -> None:
    assert of("""/bin/sh -c echo "a  b" 'c  d'  && true""") == [
        """RUN echo "a  b" 'c  d' \\""",
        "    && true",
    ]


def test_windows() -> None:
    assert of(
        "cmd /S /C #(nop) WORKDIR C:\\app",
        "powershell -Command $x = 1; #(nop) USER app",
        "cmd /S /C dir",
    ) == ["WORKDIR C:\\app", "USER app", "RUN cmd /S /C dir"]


def test_an_image_without_history_tells_its_settings() -> None:
    inner = {
        "Env": ["A=b c", 7],
        "Labels": {"x": "y", "z": 3},
        "ExposedPorts": {"80/tcp": {}},
        "Volumes": {"/data": {}},
        "WorkingDir": "/app",
        "User": "app",
        "StopSignal": "SIGINT",
        "Entrypoint": ["/app", 'a"b'],
        "Cmd": ["-v"],
    }
    assert lines({"config": inner})[1:] == [
        "# The image says nothing of its layers.",
        'ENV A="b c"',
        "LABEL x=y",
        "EXPOSE 80/tcp",
        "VOLUME /data",
        "WORKDIR /app",
        "USER app",
        "STOPSIGNAL SIGINT",
        'ENTRYPOINT ["/app", "a\\"b"]',
        'CMD ["-v"]',
    ]


def test_the_base_is_told_where_the_image_names_it() -> None:
    found = lines(
        {},
        {
            "org.opencontainers.image.base.name": "debian:12\nRUN evil",
            "org.opencontainers.image.base.digest": "sha256:ab",
        },
    )
    assert "debian:12 RUN evil@sha256:ab" in found[0]
    assert found[0].startswith("# ")


def test_too_much_is_cut() -> None:
    many = [{"created_by": f"RUN {'x' * 1000}"} for _ in range(2 * STEPS_MAX)]
    assert len(steps_of({"history": many})) == STEPS_MAX
    text = dockerfile({"history": many}, {})
    assert len(text) < TEXT_MAX + 4096
    assert "more steps are not shown" in text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "history": st.lists(
                st.fixed_dictionaries({}, optional={"created_by": st.text() | JSON}) | JSON
            )
            | JSON,
            "config": st.fixed_dictionaries(
                {}, optional=dict.fromkeys(("Env", "Labels", "Cmd", "Volumes", "User"), JSON)
            )
            | JSON,
        },
    )
)
def test_whatever_somebody_pushed_is_told_in_lines(config: dict[str, Any]) -> None:
    text = dockerfile(config, {})
    assert not [
        char
        for char in text
        if not 32 <= ord(char) < 127 and ord(char) < 160 and char not in "\n\t"
    ]


@pytest.mark.parametrize(
    "evil",
    [
        "/bin/sh -c " + " \t" * 8000,
        "powershell " + " " * 16000,
        'HEALTHCHECK &{["' + '\\"' * 8000,
        "/bin/sh -c " + "a  " * 5000,
        "|9 " + "/bin/sh" * 2000,
        "EXPOSE map[" + "]" * 16000 + "x",
    ],
)
def test_attack_no_step_takes_long(evil: str) -> None:
    started = time.thread_time()
    dockerfile({"history": [{"created_by": evil}]}, {})
    assert time.thread_time() - started < 0.5
