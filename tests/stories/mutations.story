# A valid frame, cut at every place, with one bit turned, or with one byte missing and then sent
# again, in every state it belongs to, is accepted, refused with a code, or waited for until the clock ends the connection.  The broker
# does not fall over, and keeps not one byte.  The frames are in mutations.def.

scene "Every cut, every bit flip and every lost byte of valid frames"
mutations
