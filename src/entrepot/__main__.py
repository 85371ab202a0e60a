"""`python -m entrepot`."""

from entrepot.main import main

if __name__ == "__main__":
    main(prog_name="entrepot")
