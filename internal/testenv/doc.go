// Package testenv is what tests need of the host and of their own binary.
//
// A test says what it needs with [Need] or [Command]. Where the host lacks it
// the test is skipped, with the reason; with CATBOX_TEST_MUST_RUN=1 in the
// environment, as in continuous integration, it fails instead, so that no test
// is skipped there unseen.
//
// A test binary plays the helper programs of its tests: [Main] runs one when the
// binary is started under its name, see [Helper].
//
// [Leaks] compares what a test leaves behind with what was there before:
// descriptors, goroutines, threads, child processes and mounts.
package testenv
