"""What a client cannot do can be told in other languages."""

from entrepot.client.errors import ClientError, Refused


def test_a_text_has_its_facts_put_in() -> None:
    error = ClientError("nothing listens at {url}", url="http://{x}")
    assert str(error) == "nothing listens at http://{x}"
    assert (error.text, error.facts) == ("nothing listens at {url}", {"url": "http://{x}"})


def test_a_servers_words_stay_as_they_are() -> None:
    error = Refused(404, "NOT_FOUND", "there is no {name} here")
    assert str(error) == error.detail == "there is no {name} here"
    assert error.facts == {}


def test_an_answer_without_words_is_told_by_its_status() -> None:
    error = Refused(502, "", "the server answered {code}", code=502)
    assert error.detail == "the server answered 502"
    assert (error.text, error.status) == ("the server answered {code}", 502)
