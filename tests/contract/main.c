/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of the log, asked of each engine there is. */
#include "base/die.h"
#include "tests/contract/contract.h"

int main(void)
{
	static const struct rig_ops *const rigs[] = { &rig_directory, &rig_simulated, &rig_kafka };
	unsigned failed = 0;
	for (size_t i = 0; i < ARRAY_LEN(rigs); i++)
		failed += contract_run(rigs[i]);
	return failed > 0;
}
