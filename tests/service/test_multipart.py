"""Forms as other programs write them, and what is no form."""

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.service.multipart import parts

NAMES = st.text(st.characters(codec="ascii", exclude_characters='"\\\r\n'), max_size=9)


@settings(max_examples=60, deadline=None)
@given(
    files=st.lists(st.tuples(NAMES.filter(bool), st.binary(max_size=60)), max_size=4),
    fields=st.dictionaries(NAMES.filter(bool), st.text(max_size=9), max_size=4),
)
def test_what_another_program_wrote_is_read_back(files, fields):
    sent = [(name, ("a.png", content)) for name, content in files]
    request = httpx2.Request("POST", "http://x/", data=fields, files=sent)
    if not sent:
        return
    found = parts(request.read(), request.headers["content-type"], 20)
    texts = {p.name: p.content.decode() for p in found if not p.is_file}
    expected = {k: v.encode("utf-8", "replace").decode() for k, v in fields.items()}
    controls = any(ord(c) < 32 or c == "\x7f" for name, _ in files for c in name)
    controls = controls or any(ord(c) < 32 or c == "\x7f" for c in "".join(fields))
    if not controls:  # which are written escaped
        assert texts == expected
        assert [(p.name, p.content) for p in found if p.is_file] == files
    assert len(found) == len(files) + len(fields)


FIELD = b'--b\r\nContent-Disposition: form-data; name="k"\r\n\r\n3\r\n'


@pytest.mark.parametrize(
    ("body", "kind", "sentence"),
    [
        (FIELD + b"--b--", "multipart/form-data", "boundary is missing"),
        (FIELD + b"--b--", "multipart/form-data; boundary=\xe9", "not ASCII"),
        (FIELD, "multipart/form-data; boundary=b", "ends before"),
        (b"nothing", "multipart/form-data; boundary=b", "1 to 3 parts"),
        (FIELD * 4 + b"--b--", "multipart/form-data; boundary=b", "1 to 3 parts"),
        (b"--b\r\n\r\n3\r\n--b--", "multipart/form-data; boundary=b", "no name"),
        (b"--b\r\nname\r\n--b--", "multipart/form-data; boundary=b", "no name"),
    ],
)
def test_what_is_no_form_is_refused(body, kind, sentence):
    with pytest.raises(ValueError, match=sentence):
        parts(body, kind, 3)


def test_a_content_with_line_ends_and_boundaries_of_others_stays_whole():
    content = b"\r\n--c\r\n\r\n--\r\n"
    body = b'--b\r\nContent-Disposition: form-data; filename="f"; name="image"\r\n'
    body += b"Content-Type: image/png\r\n\r\n" + content + b"\r\n--b--\r\n"
    (part,) = parts(body, 'multipart/form-data; charset=x; boundary="b"', 3)
    assert (part.name, part.is_file, part.content) == ("image", True, content)
