import gzip
import hashlib

import pytest

from train import source


def test_a_gzip_file_is_known_by_its_bytes_and_not_by_its_name(tmp_path):
    path = tmp_path / "loans.csv"
    path.write_bytes(gzip.compress(b"a,b\n"))

    assert source.load(path).data == b"a,b\n"


def test_the_fingerprint_is_of_the_file_as_stored(tmp_path):
    """So that `sha256sum` on the file shows the same."""
    path = tmp_path / "loans.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n"))

    assert source.load(path).fingerprint == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_folder_of_a_file_is_not_kept(tmp_path):
    path = tmp_path / "loans.csv"
    path.write_bytes(b"a,b\n")

    assert source.load(path).name == "loans.csv"


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(source.SourceError, match=r"^nowhere\.csv cannot be read: No such file"):
        source.load(tmp_path / "nowhere.csv")


@pytest.mark.parametrize("data", [b"", b" \n\n", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_refused(tmp_path, data):
    path = tmp_path / "loans.csv"
    path.write_bytes(data)

    with pytest.raises(source.SourceError, match=r"^loans\.csv is empty$"):
        source.load(path)


def test_a_truncated_gzip_file_is_refused(tmp_path):
    path = tmp_path / "loans.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" * 1_000)[:-12])

    with pytest.raises(source.SourceError, match="damaged gzip file"):
        source.load(path)
