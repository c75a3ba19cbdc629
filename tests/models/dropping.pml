/* SPDX-License-Identifier: Apache-2.0 */
/* Giving up segments in front and in the middle of the log (queue/reclaim.c, persistence/catalog.c,
 * persistence/log_hollow.c), against a power cut at any point.
 *
 * The log is a row of records, cut into segments of a few records. What was synced stays; a power
 * cut leaves some prefix of the rest. A segment is given up by removing its file, which is durable
 * only after a sync of the directory. There are two messages, one entry of the catalog that comes
 * and goes, and an entry for each hole. A message can also be retained again after its ack, by a
 * queue that is not durable and makes room in memory, but not in a segment that is on its way out.
 * One of the two can be copied forward, out of a segment that is full (queue/relocation.c).
 *
 * Asserted of each start, which scans the segments that are left in order: no message comes back
 * whose ack was durable, or that an earlier start had not found; none is missing that was durable
 * and not acked; the entry of the catalog is as its last durable record says; and every hole is
 * said by a record that is left.
 *
 * Left out: holes that touch are one in the catalog, here each segment has its own.
 *
 * Mistakes, each of which has to be found:
 * mistake NO_WAIT: a file goes before what was appended again is durable.
 * mistake ACKS_GO: the acks in a segment from the middle are not appended again.
 * mistake CATALOG_GOES: nor are entries of the catalog.
 * mistake REMOVALS_GO: nor are removals of entries that have older records.
 * mistake HOLES_UNSAID: nobody says that there is a hole.
 * mistake UNORDERED: files go without a sync of the directory between them.
 * mistake ACKS_BY_PLACE: of a message whose first place is gone no ack is appended again.
 * mistake COPY_UNWAITED: a segment goes when what it held was copied, before the copy is durable.
 * mistake RETAINED_AGAIN: a segment on its way out can be retained again, and then stays. */

#define RECORDS 12
#define SHARE 2                    /* records of a segment */
#define SEGMENTS 6
#define MESSAGES 2
#define TOGGLES 2                  /* times that the entry comes or goes */
#define CRASHES 2
#define NONE 99

#define PUBLISH 10                 /* plus the message */
#define ACK 20
#define DEFINE 30                  /* plus the entry */
#define UNDEFINE 50
#define MOVED 70                   /* a copy, plus the message */

#define ENTRY SEGMENTS             /* of the catalog; those below are holes, by segment */
#define ENTRIES (SEGMENTS + 1)
#define SEGMENT(at) ((at) / SHARE)

byte record[RECORDS];
byte n, durable;                   /* records appended; durable before that */
bit gone[SEGMENTS];                /* as seen: the file is not there */
bit going[SEGMENTS];               /* not durably */

/* The broker's memory of messages. */
byte at[MESSAGES];
bit published[MESSAGES], live[MESSAGES];
bit moved, safe;                   /* the first message: it was copied; and was durable before */
byte first_at;                     /* where it was published */
byte again[MESSAGES];              /* retained again: 0 not yet, 1 now, 2 not any more */

/* The catalog: of each entry its last record and the oldest that is left. */
bit known[ENTRIES], removed[ENTRIES];
byte last[ENTRIES], first[ENTRIES];

/* What was promised. */
byte acked_at[MESSAGES];           /* NONE: not acked */
bit over[MESSAGES];                /* a start has not found it */
byte toggled_at = NONE;

byte toggles, crashes;

mtype = { nothing, refreshes, waits };
mtype doing = nothing;
bit middle;
byte extent, upto, after;          /* segment to be given up; record behind it; when to go on */

/* Work of one step, zero between steps. */
byte i, s, e, m, front, found;
bit said[SEGMENTS], put[MESSAGES], acked[MESSAGES];

inline forget()
{
	i = 0; s = 0; e = 0; m = 0; front = 0; found = 0;
	for (i : 0 .. SEGMENTS - 1) { said[i] = 0 }
	for (i : 0 .. MESSAGES - 1) { put[i] = 0; acked[i] = 0 }
	i = 0
}

inline append(what)
{
	record[n] = what;
	n++
}

/* ---- the catalog ---- */

inline put_entry(entry)
{
	last[entry] = n;
	if
	:: known[entry]
	:: else -> first[entry] = n
	fi;
	known[entry] = 1; removed[entry] = 0;
	append(DEFINE + entry)
}

inline remove_entry(entry)
{
	if
	:: known[entry] && !removed[entry] ->
		removed[entry] = 1; last[entry] = n;
		append(UNDEFINE + entry)
	:: else
	fi
}

inline drop_entry(entry)
{
	known[entry] = 0; removed[entry] = 0; last[entry] = 0; first[entry] = 0
}

/* The entry with the oldest last record, where that lies before upto. */
inline find_entry()
{
	found = NONE;
	for (e : 0 .. ENTRIES - 1) {
		if
		:: known[e] && last[e] < upto && (found == NONE || last[e] < last[found]) -> found = e
		:: else
		fi
	}
}

/* Where the oldest record must lie for the removal of an entry to matter. */
#define FROM (middle -> extent * SHARE : 0)

/* One entry further, or on to waiting. */
inline refresh()
{
	find_entry();
	if
#ifdef CATALOG_GOES
	:: middle -> doing = waits; after = n
#endif
	:: found == NONE -> doing = waits; after = n
#ifdef REMOVALS_GO
	:: found != NONE && removed[found] -> drop_entry(found)
#endif
	:: found != NONE && removed[found] && first[found] >= FROM -> drop_entry(found)
	:: else ->
		last[found] = n;
		if
		:: first[found] >= FROM -> first[found] = n
		:: else
		fi;
		if
		:: removed[found] -> append(UNDEFINE + found)
		:: else -> append(DEFINE + found)
		fi
	fi
}

/* ---- giving up ---- */

inline find_front()
{
	front = 0;
	do
	:: front < SEGMENTS && gone[front] -> front++
	:: else -> break
	od
}

/* found: whether something retains a record of the segment. */
inline find_live(segment)
{
	found = 0;
	for (m : 0 .. MESSAGES - 1) {
		if
		:: published[m] && SEGMENT(at[m]) == segment && (live[m] || again[m] == 1) -> found = 1
		:: else
		fi
	}
}

inline forget_holes(to)
{
	for (s : 0 .. SEGMENTS - 1) {
		if
		:: known[s] && !removed[s] && (s + 1) * SHARE <= to && n < RECORDS -> remove_entry(s)
		:: else
		fi
	}
}

inline begin_front()
{
	middle = 0; extent = front; doing = refreshes;
	upto = front + 1;
	do
	:: gone[upto] -> upto++
	:: else -> break
	od;
	upto = upto * SHARE;
	forget_holes(upto)
}

inline begin_middle()
{
	middle = 1; extent = s; doing = refreshes;
	upto = (s + 1) * SHARE;
#ifndef ACKS_GO
	for (i : extent * SHARE .. upto - 1) {
		if
#ifdef ACKS_BY_PLACE
		:: record[i] == ACK && gone[SEGMENT(first_at)]
		:: record[i] >= ACK && record[i] < ACK + MESSAGES &&
		   !(record[i] == ACK && gone[SEGMENT(first_at)]) -> append(record[i])
#else
		:: record[i] >= ACK && record[i] < ACK + MESSAGES -> append(record[i])
#endif
		:: else
		fi
	}
#endif
#ifndef HOLES_UNSAID
	put_entry(extent);
#endif
	skip
}

/* The front first, then the first hollow segment. Room for what the first step appends at most. */
inline begin()
{
	find_front();
	find_live(front);
	if
	:: !found && n > (front + 1) * SHARE -> begin_front()
	:: else ->
		s = front + 1;
		do
		:: s < SEGMENTS && (s + 1) * SHARE < n && (s + 1) * SHARE <= durable ->
			find_live(s);
			if
			:: !gone[s] && !found && n + SHARE + 1 <= RECORDS -> begin_middle(); break
			:: else -> s++
			fi
		:: else -> break
		od
	fi
}

inline end_reclaim()
{
	find_live(extent);
	if
	:: !found ->
		gone[extent] = 1; going[extent] = 1
	:: else
	fi;
	doing = nothing; middle = 0; extent = 0; upto = 0; after = 0
}

/* What nobody can see any more is no part of the state. */
inline sync_directory()
{
	for (i : 0 .. RECORDS - 1) {
		if
		:: going[SEGMENT(i)] -> record[i] = 0
		:: else
		fi
	};
	for (i : 0 .. SEGMENTS - 1) {
		going[i] = 0
	}
}

/* ---- crash and start ---- */

inline scan_record()
{
	if
	:: record[i] >= PUBLISH && record[i] < PUBLISH + MESSAGES ->
		put[record[i] - PUBLISH] = 1; at[record[i] - PUBLISH] = i
	:: record[i] == MOVED -> put[0] = 1; at[0] = i; moved = 1
	:: record[i] >= ACK && record[i] < ACK + MESSAGES -> acked[record[i] - ACK] = 1
	:: record[i] >= DEFINE && record[i] < DEFINE + ENTRIES ->
		e = record[i] - DEFINE;
		last[e] = i;
		if
		:: known[e]
		:: else -> first[e] = i
		fi;
		known[e] = 1; removed[e] = 0;
		if
		:: e < SEGMENTS -> said[e] = 1
		:: else
		fi
	:: record[i] >= UNDEFINE && record[i] < MOVED ->
		e = record[i] - UNDEFINE;
		if
		:: known[e] -> removed[e] = 1; last[e] = i
		:: else
		fi
	:: else
	fi
}

inline scan()
{
	for (i : 0 .. ENTRIES - 1) { drop_entry(i) }
	for (i : 0 .. RECORDS - 1) {
		if
		:: i < n && !gone[SEGMENT(i)] -> scan_record()
		:: i >= n -> record[i] = 0
		:: else
		fi
	};
	find_front();
	for (s : 0 .. SEGMENTS - 1) {
		assert(!gone[s] || s < front || said[s])
	}
}

inline check_message()
{
	put[m] = put[m] && !acked[m];
	if
	:: put[m] ->
		assert(published[m] && !over[m]);
		assert(acked_at[m] == NONE || acked_at[m] >= durable);
		live[m] = 1; acked_at[m] = NONE
	:: else ->
		assert(!live[m] || (at[m] >= durable && !(m == 0 && safe)));
		over[m] = published[m];
		live[m] = 0
	fi;
	again[m] = 2
}

inline start()
{
	byte was_known = known[ENTRY] && !removed[ENTRY];
	moved = 0;
	scan();
	for (m : 0 .. MESSAGES - 1) {
		check_message()
	};
	assert((known[ENTRY] && !removed[ENTRY]) == was_known ||
	       (toggled_at != NONE && toggled_at >= durable));
	was_known = 0;
	doing = nothing; middle = 0; extent = 0; upto = 0; after = 0;
	toggled_at = NONE;
	safe = put[0];
	durable = n
}

/* Some of what was not durable is lost: records from the end, removals of files. */
inline lose_some()
{
	do
	:: n > durable -> n--
	:: break
	od;
	i = 0;
	do
	:: i < SEGMENTS ->
		if
		:: going[i] -> gone[i] = 0
		:: 1
		fi;
		going[i] = 0;
		i++
	:: else -> break
	od
}

#define GOES (going[0] || going[1] || going[2] || going[3] || going[4] || going[5])

active proctype broker()
{
	byte who;
	acked_at[0] = NONE; acked_at[1] = NONE;
	do
	:: n < RECORDS && (!published[0] || !published[1]) ->
		d_step {
			who = (published[0] -> 1 : 0);
			published[who] = 1; live[who] = 1; at[who] = n;
			if
			:: who == 0 -> first_at = n
			:: else
			fi;
			append(PUBLISH + who); who = 0
		}
	:: n < RECORDS && live[0] && !moved && at[0] < durable && SEGMENT(at[0]) < SEGMENT(n) ->
		d_step { moved = 1; safe = 1; at[0] = n; append(MOVED) }
	:: n < RECORDS && live[0] ->
		d_step { live[0] = 0; acked_at[0] = n; append(ACK + 0) }
	:: n < RECORDS && live[1] ->
		d_step { live[1] = 0; acked_at[1] = n; append(ACK + 1) }
	:: published[0] && !live[0] && !over[0] && again[0] == 0 && at[0] < durable &&
#ifndef RETAINED_AGAIN
	   (doing == nothing || SEGMENT(at[0]) != extent) &&
#endif
	   !gone[SEGMENT(at[0])] -> again[0] = 1
	:: again[0] == 1 -> again[0] = 2
	:: n < RECORDS && toggles < TOGGLES ->
		d_step {
			toggles++; toggled_at = n;
			if
			:: known[ENTRY] && !removed[ENTRY] -> remove_entry(ENTRY)
			:: else -> put_entry(ENTRY)
			fi
		}
	:: durable < n -> durable = n
	:: GOES -> d_step { sync_directory(); forget() }
	:: doing == nothing && n < RECORDS -> d_step { begin(); forget() }
	:: doing == refreshes && n < RECORDS -> d_step { refresh(); forget() }
	:: doing == waits &&
#ifdef COPY_UNWAITED
	   (durable >= after || (moved && at[0] >= durable)) &&
#else
#ifndef NO_WAIT
	   durable >= after &&
#endif
#endif
#ifndef UNORDERED
	   !GOES &&
#endif
	   1 -> d_step { end_reclaim(); forget() }
	:: crashes < CRASHES ->
		atomic {
			crashes++;
			lose_some();
			d_step { start(); forget() }
		}
	:: break
	od
}
