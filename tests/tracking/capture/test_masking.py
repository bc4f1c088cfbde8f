import pytest

from glia.tracking.capture.masking import mask_arguments, mask_text, without_credentials


@pytest.mark.parametrize(
    ("given", "masked"),
    [
        ("--token=abc", "--token=…"),
        ("API_KEY=abc", "API_KEY=…"),
        ("--db=postgres://me:abc@host/x", "--db=postgres://…@host/x"),
        ("--use=hf_abcdefghijklmnop", "--use=…"),
        ("--lr=0.1", "--lr=0.1"),
        ("--tokenizer=bpe", "--tokenizer=bpe"),
        ("--max-tokens=512", "--max-tokens=512"),
        ("tokens.csv", "tokens.csv"),
    ],
)
def test_secrets_in_the_command_are_masked(given: str, masked: str) -> None:
    assert mask_arguments(["train.py", given, "x"]) == ["train.py", masked, "x"]


def test_a_secret_may_be_the_next_argument() -> None:
    assert mask_arguments(["--password", "abc", "--token", "--epochs", "3"]) == [
        "--password",
        "…",
        "--token",
        "--epochs",
        "3",
    ]


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("git@example.org:team/code.git", "git@example.org:team/code.git"),
        ("https://token@example.org/x", "https://example.org/x"),
        ("ssh://git:pw@example.org/x", "ssh://example.org/x"),
        ("/srv/code", "/srv/code"),
    ],
)
def test_remotes_are_kept_without_credentials(url: str, clean: str) -> None:
    assert without_credentials(url) == clean


@pytest.mark.parametrize(
    ("given", "masked"),
    [
        ('key = "sk-abcdefghijklmnop"', 'key = "…"'),
        ("url = 'redis://me:abc@host:6379'", "url = 'redis://me:…@host:6379'"),
        ("url = f'redis://{user}:{password}@host'", "url = f'redis://{user}:{password}@host'"),
        ("task-skipping = sk-1", "task-skipping = sk-1"),
    ],
)
def test_secrets_in_texts_are_masked(given: str, masked: str) -> None:
    assert mask_text(given) == masked


def test_a_private_key_is_masked_line_by_line() -> None:
    body = "".join(f"+{letter * 64}\n" for letter in "abc")
    text = f"+KEY = '''-----BEGIN RSA PRIVATE KEY-----\n{body}+-----END RSA PRIVATE KEY-----\n+x = 1\n"
    masked = mask_text(text)
    assert "aaaa" not in masked
    assert masked.count("\n") == text.count("\n")
    assert masked.endswith("+x = 1\n")
