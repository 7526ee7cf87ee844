"""`python -m trainer.reader.questions.heldout`: write the questions kept for evaluation."""

from trainer.reader.questions.heldout.sets import main

if __name__ == "__main__":
    main()
