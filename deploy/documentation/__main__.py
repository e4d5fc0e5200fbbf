"""`python -m deploy.documentation`: writes the references anew."""

import django
from django.conf import settings

from deploy.documentation.pages import reference_pages


def main() -> None:
    """Write every page that is not as the code has it."""
    django.setup()
    for path, text in reference_pages(settings.BASE_DIR).items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
