/* SPDX-License-Identifier: Apache-2.0 */
/* Values of fields that have rates (RATED and SAMPLED in fields.def). */
#ifndef MANAGEMENT_ROW_STATS_H
#define MANAGEMENT_ROW_STATS_H

#include "management/listing.h"

/* Of what never moved nothing is shown. */
#define SAMPLED(kind, path, name, measures) \
	column_value row_stats_##name##_details, row_stats_##name##_rate;
#define RATED(kind, path, name, measures)    \
	SAMPLED(kind, path, name, measures)      \
	column_value row_stats_##name;
#define FIELD(kind, path, column)
#define OWN(kind, path, value)
#include "management/fields.def"
#undef SAMPLED
#undef RATED
#undef FIELD
#undef OWN

#endif
