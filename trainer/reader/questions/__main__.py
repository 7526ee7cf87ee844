"""`python -m trainer.reader.questions`: write training questions made from documentation."""

from trainer.reader.questions.generate import main

if __name__ == "__main__":
    main()
