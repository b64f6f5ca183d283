// Package stage holds both ends of a run's start.
//
// The caller starts its own program again, in new namespaces: the init. Over a
// socket the init gets the [Spec], carries it out step by step, confines one of
// its threads, sends the listener of that thread's filter back, waits for the
// word to go, and starts the command from the confined thread, so that the
// command and all that it starts are confined the same way. Then it reaps,
// passes signals on, and reports how the command ended. When the init ends, the
// kernel ends everything in its pid namespace; where there is none, the init
// ends the processes itself.
//
// The init can also be started inside of what another program sets up (see
// Config.Front, Config.Prepare), or of a root that was prepared for it.
//
// The invariant: the command is executed only after every step succeeded.
package stage
