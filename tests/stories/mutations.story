# A valid frame, cut at every place or with one bit turned, in every state it belongs to, is
# accepted, refused with a code, or waited for until the clock ends the connection.  The broker
# does not fall over, and keeps not one byte.  The frames are in mutations.def.

scene "Every cut and every bit flip of valid frames"
mutations
