package abi

// families are the parts of the table beside writes, fakes and marks, one file for each or a few.
// A name is in one of them only.
var families = [...][]entry{
	opens, stats,
	execs, processes, namespaces, argumentCalls,
	peers, ipcs,
	noSys, noPerm,
	passFiles, passMemory, passProcess, passSignals, passTime, passIDs, passSystem, passNetwork,
}
