<?php
// SPDX-License-Identifier: Apache-2.0
// Runs a PHP client's scenarios. A driver has a function for each scenario, under the name it has
// in ../scenarios.tsv; a string instead of a function says why the client has no way to do it.
declare(strict_types=1);

const LIMIT_S = 15;
const FRAME_MAX = 131072;
const SIZES = [0, 1, 4096, FRAME_MAX - 8, FRAME_MAX, 1048577];

define('PORT', (int)$argv[1]);

// A scenario of which the client can do only a part; why says what it cannot do.
final class Part
{
	public function __construct(public string $why, public Closure $run)
	{
	}

	public function __invoke(): void
	{
		($this->run)();
	}
}

function name(): string
{
	return 'm-' . bin2hex(random_bytes(16));
}

function broker(string $verb): void
{
	exec(escapeshellarg(__DIR__ . '/../broker.sh') . " $verb", $_, $code);
	if ($code) {
		throw new Exception("broker.sh $verb ended with $code");
	}
}

function same($got, $wanted): void
{
	if ($got !== $wanted) {
		throw new Exception(substr(var_export($got, true), 0, 300) . ' instead of ' .
			substr(var_export($wanted, true), 0, 300));
	}
}

function numbers(int $n): array
{
	return array_map('strval', range(0, $n - 1));
}

function pattern(int $n): string
{
	$block = '';
	for ($i = 0; $i < 251; $i++) {
		$block .= chr($i * 7 % 251);
	}
	return substr(str_repeat($block, intdiv($n, 251) + 1), 0, $n);
}

// Runs all scenarios, or those whose numbers are given behind the port.
function main(array $cases): void
{
	global $argv;
	pcntl_async_signals(true);
	pcntl_signal(SIGALRM, function () {
		throw new Exception('not done in ' . LIMIT_S . ' s');
	}, false);
	$chosen = array_slice($argv, 2);
	$failed = 0;
	foreach (file(__DIR__ . '/../scenarios.tsv') as $line) {
		[$number, $what] = explode("\t", $line);
		$run = $cases[$what];
		if ($chosen && !in_array($number, $chosen)) {
			continue;
		}
		if (is_string($run)) {
			echo "none $number $what: $run\n";
			continue;
		}
		try {
			pcntl_alarm(LIMIT_S);
			$run();
			echo $run instanceof Part ? "part $number $what: $run->why\n" : "ok $number $what\n";
		} catch (Throwable $e) {
			$failed++;
			$text = preg_replace('/\s+/', ' ', get_class($e) . ' ' . $e->getMessage());
			echo "FAIL $number $what: ", substr($text, 0, 500), "\n";
		}
		pcntl_alarm(0);
	}
	exit($failed ? 1 : 0);
}
