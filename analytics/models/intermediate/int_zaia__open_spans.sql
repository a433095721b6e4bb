-- Spans of days, both ends included, at whose end a ticket was open, with the state that its conversation shows, as for
-- Pylon's issues.
{{ pylon.open_spans('ticket_id', ref('int_zaia__tickets'), ref('int_zaia__turns'), ref('int_zaia__as_of')) }}
