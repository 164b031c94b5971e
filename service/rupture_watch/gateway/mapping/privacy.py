"""What is left out on the way in: names, contacts and free text, counted by kind and never kept.

Nothing of this has to be removed, for events are built from known fields alone. It is counted so
that a sender who sends more than is needed can be told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections import Counter

NAME: Final = "name"
TEXT: Final = "free_text"
CONTACT: Final = "contact"
BIRTH: Final = "birth_date"
KINDS: Final = (NAME, TEXT, CONTACT, BIRTH)

_FHIR: Final = {
    "family": NAME,
    "given": NAME,
    "birthDate": BIRTH,
    "telecom": CONTACT,
    "address": CONTACT,
    "text": TEXT,
    "note": TEXT,
    "comment": TEXT,
    "description": TEXT,
    "patientInstruction": TEXT,
    "userComment": TEXT,
}
_PERSONS: Final = ("Patient/", "Practitioner/", "PractitionerRole/", "RelatedPerson/", "Person/")
# HL7 v2 2.5.1: names, birth dates, addresses and telephone numbers of PID; all of NTE.
_HL7: Final = {
    ("PID", 5): NAME,
    ("PID", 6): NAME,
    ("PID", 9): NAME,
    ("PID", 7): BIRTH,
    ("PID", 11): CONTACT,
    ("PID", 13): CONTACT,
    ("PID", 14): CONTACT,
    ("SCH", 12): NAME,
    ("SCH", 16): NAME,
    ("SCH", 20): NAME,
    ("SCH", 13): CONTACT,
    ("SCH", 17): CONTACT,
    ("NTE", 2): TEXT,
    ("NTE", 3): TEXT,
    ("AIP", 3): NAME,
}
DEEPEST: Final = 100


def count_fhir(node: Any, dropped: Counter[str]) -> None:
    """Count what a resource tells beyond need; looks at keys, never at what they hold."""
    waiting = [(node, 0)]
    while waiting:
        one, depth = waiting.pop()
        if isinstance(one, list):
            waiting.extend((child, depth) for child in one)
        if not isinstance(one, dict) or depth > DEEPEST:
            continue
        for key, value in one.items():
            kind = _FHIR.get(key)
            if kind is not None:
                dropped[kind] += 1
            else:
                waiting.append((value, depth + 1))
        reference = one.get("reference")
        if "display" in one and isinstance(reference, str) and _is_person(reference):
            dropped[NAME] += 1
        string = one.get("valueString")
        if isinstance(string, str) and not string.strip().replace(".", "", 1).isdigit():
            dropped[TEXT] += 1


def _is_person(reference: str) -> bool:
    return any(kind in reference for kind in _PERSONS)


def count_hl7(segment: str, fields: list[str], dropped: Counter[str]) -> None:
    """Count the fields of one segment that tell beyond need; ``fields[0]`` is its name."""
    for (name, number), kind in _HL7.items():
        if name == segment and number < len(fields) and fields[number]:
            dropped[kind] += 1
