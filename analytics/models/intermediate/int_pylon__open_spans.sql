-- Spans of days, both ends included, at whose end an issue was open, with the state that its conversation shows:
-- Pylon keeps no log of states. An issue is open from its creation to the day before it was closed.
{{ pylon.open_spans('issue_id', ref('int_pylon__issues'), ref('int_pylon__turns'), ref('int_pylon__as_of')) }}
