"""Clinical rules of the intake: pure functions over typed values.

Standard library only: no Django, no database, no clock. Thresholds, wording and tables are versioned data in
`intake/data`; `intake.domain.library` is the one module that reads them.
"""
