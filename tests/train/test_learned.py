from train.learned import unseen, written


def test_a_row_that_was_learned_is_told_from_one_that_was_not(made_up_loans):
    """All but a few: loans that are alike in every field are the same loan to a model."""
    learned, held_out = made_up_loans.parts["train"], made_up_loans.parts["test"]
    marks = written(learned)

    assert not unseen(learned, marks).any()
    assert unseen(held_out, marks).mean() > 0.99


def test_four_bytes_are_kept_of_a_row(biopsies):
    part = biopsies.parts["train"]

    assert len(written(part)) == 4 * len(part)


def test_to_a_model_that_kept_no_marks_everything_is_new(biopsies):
    assert unseen(biopsies.parts["train"], b"").all()
