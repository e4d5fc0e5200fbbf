"""The five tenants of the demo: who is in them, and what they have.

Addresses end in `.example`, which belongs to nobody (RFC 2606), so no mail reaches anybody.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody of a tenant.

    Attributes:
        first_name: Also their address, in lower case.
        last_name: Their family name.
        roles: The keys of their roles; the first person of a tenant owns it besides.
        has_come: Whether they have logged in, rather than having an open invitation.
    """

    first_name: str
    last_name: str
    roles: tuple[str, ...] = ("member",)
    has_come: bool = False


@dataclass(frozen=True, slots=True)
class DemoRole:
    """A role of a tenant's own.

    Attributes:
        name: What people call it.
        description: What it is for.
        grants: Permissions that it gives.
    """

    name: str
    description: str
    grants: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DemoGroup:
    """A group of people.

    Attributes:
        name: What people call it.
        description: Who is in it.
        members: First names.
        roles: The names of the tenant's own roles that it gives.
    """

    name: str
    description: str
    members: tuple[str, ...]
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DemoTenant:
    """One customer.

    Attributes:
        slug: Its slug.
        name: What people call it.
        colour: The colour of its pages.
        mode: How bright they are.
        locale: The language of its pages; empty for the browser's.
        time_zone: Where its people are.
        people: Its people, the owner first.
        roles: Its own roles.
        groups: Its groups.
        files: Paths, each with the lines of its text.
        program: The name of its service account; empty for none.
        notes: What people wrote on the board of the plugin *hello*; without any it has no plugin.
        is_suspended: Whether it is suspended in the end.
    """

    slug: str
    name: str
    colour: str
    mode: str
    locale: str
    time_zone: str
    people: tuple[DemoPerson, ...]
    roles: tuple[DemoRole, ...] = ()
    groups: tuple[DemoGroup, ...] = ()
    files: tuple[tuple[str, tuple[str, ...]], ...] = ()
    program: str = ""
    notes: tuple[str, ...] = ()
    is_suspended: bool = False

    def address(self, first_name: str) -> str:
        """Return somebody's address."""
        return f"{first_name.lower()}@{self.slug}.example"

    @property
    def owner_email(self) -> str:
        """The address of whom it belongs to."""
        return self.address(self.people[0].first_name)


_READ_FILES = ("core:files:read", "core:dashboard:view")

DEMO_TENANTS = (
    DemoTenant(
        slug="acme",
        name="Acme Tools",
        colour="#b45309",
        mode="auto",
        locale="en",
        time_zone="Europe/London",
        people=(
            DemoPerson("Ada", "Archer", ("owner",), has_come=True),
            DemoPerson("Bo", "Brandt", has_come=True),
            DemoPerson("Dee", "Dawson", ("admin",), has_come=True),
            DemoPerson("Eli", "Engel", ("viewer",)),
            DemoPerson("Fay", "Forster"),
            DemoPerson("Gus", "Grant"),
        ),
        roles=(
            DemoRole(
                "Bookkeeper",
                "Reads what was invoiced, and the audit.",
                (*_READ_FILES, "core:audit:read"),
            ),
            DemoRole(
                "Archivist",
                "Keeps the files in order.",
                (*_READ_FILES, "core:files:upload", "core:files:delete"),
            ),
        ),
        groups=(
            DemoGroup("Workshop", "Who builds the tools.", ("Bo", "Fay", "Gus"), ("Archivist",)),
            DemoGroup("Back office", "Who writes the invoices.", ("Dee", "Eli"), ("Bookkeeper",)),
        ),
        files=(
            ("price-list.csv", ("article,price", "Hammer,18.50", "Saw,24.00", "Plane,61.20")),
            ("manuals/plane.md", ("# The plane", "", "Set the iron before each use.")),
            ("manuals/saw.md", ("# The saw", "", "Pull, do not push.")),
            ("invoices/2026-10.csv", ("number,total", "1041,212.40", "1042,98.00")),
        ),
        program="Web shop",
        notes=("Steel is delivered on Tuesday.", "The big lathe is free again.", "Cake at four."),
    ),
    DemoTenant(
        slug="globex",
        name="Globex Freight",
        colour="#1d4ed8",
        mode="dark",
        locale="en",
        time_zone="America/New_York",
        people=(
            DemoPerson("Cy", "Carter", ("owner",), has_come=True),
            DemoPerson("Hal", "Hughes", ("admin",), has_come=True),
            DemoPerson("Ivy", "Irwin", has_come=True),
            DemoPerson("Jo", "Jensen"),
        ),
        roles=(
            DemoRole(
                "Dispatcher",
                "Files the papers of a tour.",
                (*_READ_FILES, "core:files:upload"),
            ),
        ),
        groups=(DemoGroup("Night shift", "From ten to six.", ("Ivy", "Jo"), ("Dispatcher",)),),
        files=(
            ("tours/2026-w47.csv", ("tour,from,to", "7,Newark,Albany", "8,Albany,Boston")),
            ("tours/2026-w48.csv", ("tour,from,to", "7,Newark,Hartford")),
            ("rules-of-loading.txt", ("Heavy below.", "Nothing behind the door.")),
        ),
        program="Tour planner",
        notes=("Ramp 3 is closed until noon.", "Truck 12 is back from the workshop."),
    ),
    DemoTenant(
        slug="faro",
        name="Studio Faro",
        colour="#0f766e",
        mode="light",
        locale="it",
        time_zone="Europe/Rome",
        people=(
            DemoPerson("Lia", "Longo", ("owner",), has_come=True),
            DemoPerson("Mario", "Monti", has_come=True),
            DemoPerson("Nina", "Neri", ("viewer",)),
        ),
        groups=(DemoGroup("Progetti", "Chi disegna.", ("Mario", "Nina")),),
        files=(
            ("progetti/molo.md", ("# Il molo", "", "Consegna a dicembre.")),
            ("listino.csv", ("voce,ore", "Rilievo,8", "Progetto,40")),
        ),
        notes=("Sopralluogo al molo venerdì.",),
    ),
    DemoTenant(
        slug="juniper",
        name="Juniper Clinic",
        colour="#15803d",
        mode="light",
        locale="en",
        time_zone="Europe/Dublin",
        people=(
            DemoPerson("Ola", "Osborne", ("owner",), has_come=True),
            DemoPerson("Pia", "Pratt", ("admin",), has_come=True),
            DemoPerson("Quin", "Quigley"),
            DemoPerson("Rae", "Reid"),
        ),
        roles=(DemoRole("Reception", "Sees who works here.", (*_READ_FILES, "core:users:read")),),
        groups=(DemoGroup("Front desk", "Who answers the bell.", ("Quin",), ("Reception",)),),
        files=(("rota/2026-12.csv", ("day,who", "1,Quin", "2,Rae", "3,Quin")),),
        program="Calendar",
    ),
    DemoTenant(
        slug="harbour",
        name="Harbour Coffee",
        colour="#9f1239",
        mode="auto",
        locale="en",
        time_zone="Europe/Lisbon",
        people=(
            DemoPerson("Sue", "Salter", ("owner",), has_come=True),
            DemoPerson("Tim", "Tully"),
        ),
        files=(("beans.csv", ("origin,bags", "Huila,12", "Sidama,7")),),
        is_suspended=True,
    ),
)
