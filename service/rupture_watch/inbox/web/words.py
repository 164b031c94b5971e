"""The words for what comes as a code; marked for translation, said in the tone of the service."""

from __future__ import annotations

from typing import Final


def _(text: str) -> str:
    """Mark a text for translation."""
    return text


SEVERITIES: Final = {
    1: _("Note"),
    2: _("Watch"),
    3: _("Discuss before the next session"),
    4: _("Same-day attention"),
}
STAGES: Final = {
    "new": _("New"),
    "acknowledged": _("Acknowledged"),
    "repair": _("In repair"),
    "decided": _("Answered"),
    "repaired": _("Repaired"),
    "retracted": _("Taken back"),
    "closed": _("Closed"),
}
KINDS: Final = {
    "raised": _("Raised"),
    "amended": _("Amended"),
    "retracted": _("Taken back"),
    "repaired": _("Repaired"),
    "closed": _("Closed"),
}
REASONS: Final = {
    "new": _("first finding"),
    "new_evidence": _("new evidence"),
    "late_data": _("data came late"),
    "corrected_data": _("data were corrected"),
    "voided_data": _("data were taken back"),
    "recovered": _("ratings recovered"),
    "confirmed": _("a clinician confirmed the repair"),
    "step_done": _("the step was taken"),
    "unacknowledged": _("nobody has acknowledged it yet"),
    "acknowledged": _("acknowledged"),
    "unrepaired": _("not repaired in time"),
    "dismissed": _("dismissed by a clinician"),
    "expired": _("its time has passed"),
    "case_closed": _("the case ended"),
    "historic": _("long past"),
    "reopened": _("opened again"),
}
ACTIONS: Final = {
    "acknowledged": _("Acknowledged"),
    "dismissed": _("Dismissed"),
    "repair_opened": _("Repair opened"),
    "repair_confirmed": _("Repair confirmed"),
    "unrepaired": _("Closed as not repaired"),
    "reopened": _("Reopened"),
}
DISMISSALS: Final = {
    "already_known": _("Already known to us"),
    "not_accurate": _("The data are not accurate"),
    "practical_cause": _("There was a practical cause"),
    "good_sign": _("It is a good sign"),
    "already_repaired": _("Already repaired"),
    "not_relevant_now": _("Not relevant now"),
    "wrong_case": _("Wrong case"),
    "other": _("Another reason"),
}
ROLES: Final = {
    "therapist": _("Therapist"),
    "lead": _("Clinical lead"),
    "ops": _("Operations"),
    "auditor": _("Auditor"),
}
SECTIONS: Final = {
    "Introduction": _("Introduction"),
    "Demand factor": _("Demand factor"),
    "Dialogue": _("Dialogue"),
    "Close listening": _("Close listening"),
    "Studio and canvas": _("Studio and canvas"),
    "Zones of engagement": _("Zones of engagement"),
    "Sabotage": _("Sabotage"),
    "Alignment": _("Alignment"),
    "Trust": _("Trust"),
    "Corrective experience": _("Corrective experience"),
    "Conclusion": _("Conclusion"),
}
SOURCES: Final = {
    "ratings": _("client's ratings"),
    "therapist_form": _("therapist's form"),
    "attendance": _("attendance"),
    "frame": _("frame"),
    "notes": _("session tags"),
}
OUTCOMES: Final = {
    "attended": _("attended"),
    "late": _("attended, late start"),
    "no_show": _("missed"),
    "cancelled": _("cancelled"),
    "rescheduled": _("moved"),
}
PEOPLE: Final = {
    "client": _("by the client"),
    "provider": _("by the practice"),
    "system": _("by the system"),
    "unknown": _("not recorded by whom"),
}
RESPONDENTS: Final = {
    "client": _("client"),
    "therapist": _("therapist"),
    "observer": _("observer"),
}
MEASURES: Final = {
    "total": _("total"),
    "bond": _("bond"),
    "task": _("task"),
    "goal": _("goal"),
    "task_goal": _("task and goal"),
    "engagement": _("session as a whole"),
    "genuineness": _("genuineness"),
    "realism": _("realism"),
    "frame_load": _("frame load"),
}
STATUSES: Final = {
    "holds": _("holds"),
    "recovered": _("recovered"),
    "withdrawn": _("withdrawn"),
}
TYPES: Final = {
    "withdrawal": _("withdrawal"),
    "confrontation": _("confrontation"),
    "frame": _("frame"),
    "unclear": _("type not clear"),
    "mixed": _("mixed"),
}
RULE_KINDS: Final = {
    "statistical": _("weighed with all other evidence"),
    "factual": _("told at once: somebody did it, or left it out"),
    "own limit": _("has a limit of its own"),
    "context": _("context only"),
}
AUDITED: Final = {
    "signed_in": _("signed in"),
    "signed_out": _("signed out"),
    "sign_in_failed": _("sign-in failed"),
    "viewed_case": _("viewed a case"),
    "asked_why": _("asked why"),
    "printed": _("printed a sheet"),
    "decided": _("answered an alert"),
    "noted": _("added a note"),
    "handed_over": _("changed the owner"),
    "tried_rules": _("tried a change of rules"),
    "published_rules": _("published a rule set"),
    "exported": _("exported"),
    "added_user": _("added an account"),
    "changed_user": _("changed an account"),
    "made_link": _("made a one-time link"),
    "changed_settings": _("changed own settings"),
    "changed_password": _("set a password"),
    "verified": _("checked the audit log"),
    "refused": _("was refused"),
}

TABLES: Final = {
    "severity": SEVERITIES,
    "stage": STAGES,
    "kind": KINDS,
    "reason": REASONS,
    "action": ACTIONS,
    "dismissal": DISMISSALS,
    "role": ROLES,
    "section": SECTIONS,
    "source": SOURCES,
    "outcome": OUTCOMES,
    "person": PEOPLE,
    "respondent": RESPONDENTS,
    "measure": MEASURES,
    "status": STATUSES,
    "type": TYPES,
    "rule_kind": RULE_KINDS,
    "audited": AUDITED,
}


def word(table: str, code: object) -> str:
    """Return the English word for a code; an unknown code speaks for itself."""
    found = TABLES[table]
    said = found.get(code)  # type: ignore[attr-defined]
    return str(said) if said is not None else str(code).replace("_", " ")
