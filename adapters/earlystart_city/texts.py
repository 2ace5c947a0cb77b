"""Texts: the neutral phrases that stand where practitioners write freely. None says anything about anyone."""

TIER = (
    "Agreed with the family after the visit.",
    "More regular contact would help for a while.",
    "Goals were met, the family feels confident.",
    "Several services are involved, one plan is needed.",
    "Discussed at the weekly meeting.",
)
RATIONALE = (
    "Best fit with the skills in the team.",
    "Waiting for more detail from the referrer.",
    "Another service is already working on this.",
    "A group nearby meets the need.",
    "No practitioner with the skills is free this week.",
)
WITHDRAWN = ("The family no longer wants this.", "Sorted in another way.", "The case is closing.")
PASSED = ("The family moved house.", "Closer to the new nursery.", "Boundary changed.")
REOPENED = ("The family came back to the city.", "The family asked to be seen again.")
CANCELLED = ("Not enough people could attend.", "Bank holiday week.", "Staff training day.")
HARM = (
    "Concern for a child's safety, described in the safeguarding record.",
    "Risk of harm reported by a professional, see the safeguarding record.",
)
NOT_TOLD = ("Telling the family first could raise the risk.", "The family could not be reached in time.")
REFUSED = (
    "No consent covers this purpose.",
    "The consent was withdrawn.",
    "One parent does not agree.",
    "The request did not say why it is needed.",
)
MARKED = (
    "Entered twice.",
    "Entered on the wrong family.",
    "Wrong date.",
    "Typing mistake.",
    "Wrong option chosen from the list.",
)
NOT_WRONG = ("It was right after all.", "The mark was meant for another entry.")
