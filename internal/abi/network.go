package abi

// peers name an address, or make the socket that could.
var peers = []entry{
	{"connect", [6]Role{FD, Sockaddr, Socklen}, Connect, ""},
	{"bind", [6]Role{FD, Sockaddr, Socklen}, Connect, ""},
	{"sendto", [6]Role{FD, Buffer, Size, Value, Sockaddr, Socklen}, Connect, "without an address: the connected peer"},
	{"sendmsg", [6]Role{FD, Msghdr, Value}, Connect, ""},
	{"sendmmsg", [6]Role{FD, Mmsghdr, Size, Value}, Connect, ""},
	{"socket", [6]Role{Family, Value, Value}, Socket, ""},
	{"socketpair", [6]Role{Family, Value, Value, Buffer}, Socket, ""},
	{"socketcall", [6]Role{SocketCall, Buffer}, MultiSocket, "the call's number is in a register, its arguments are in memory"},
}

// passNetwork uses sockets that there are. listen without bind picks a port by
// itself: the network namespace and the families allowed are the wall.
var passNetwork = []entry{
	{"listen", [6]Role{FD, Value}, Pass, ""},
	{"accept", [6]Role{FD, Buffer, Buffer}, Pass, ""},
	{"accept4", [6]Role{FD, Buffer, Buffer, Value}, Pass, ""},
	{"getsockname", [6]Role{FD, Buffer, Buffer}, Pass, ""},
	{"getpeername", [6]Role{FD, Buffer, Buffer}, Pass, ""},
	{"getsockopt", [6]Role{FD, Value, Value, Buffer, Buffer}, Pass, ""},
	{"setsockopt", [6]Role{FD, Value, Value, Buffer, Size}, Pass, ""},
	{"recvfrom", [6]Role{FD, Buffer, Size, Value, Buffer, Buffer}, Pass, ""},
	{"recvmsg", [6]Role{FD, Buffer, Value}, Pass, ""},
	{"recvmmsg", [6]Role{FD, Buffer, Size, Value, Buffer}, Pass, ""},
	{"recvmmsg_time64", [6]Role{FD, Buffer, Size, Value, Buffer}, Pass, ""},
	{"shutdown", [6]Role{FD, Value}, Pass, ""},

	{"mq_timedsend", [6]Role{FD, Buffer, Size, Value, Buffer}, Pass, "mq_open is what names a queue"},
	{"mq_timedsend_time64", [6]Role{FD, Buffer, Size, Value, Buffer}, Pass, ""},
	{"mq_timedreceive", [6]Role{FD, Buffer, Size, Buffer, Buffer}, Pass, ""},
	{"mq_timedreceive_time64", [6]Role{FD, Buffer, Size, Buffer, Buffer}, Pass, ""},
	{"mq_notify", [6]Role{FD, Buffer}, Pass, ""},
	{"mq_getsetattr", [6]Role{FD, Buffer, Buffer}, Pass, ""},
}

// ipcs takes in the calls that use an id as well: an id can be guessed, it need
// not come from a get call.
var ipcs = []entry{
	{"msgget", [6]Role{Value, Value}, SysV, ""},
	{"msgsnd", [6]Role{Value, Buffer, Size, Value}, SysV, ""},
	{"msgrcv", [6]Role{Value, Buffer, Size, Value, Value}, SysV, ""},
	{"msgctl", [6]Role{Value, Value, Buffer}, SysV, ""},
	{"semget", [6]Role{Value, Size, Value}, SysV, ""},
	{"semop", [6]Role{Value, Buffer, Size}, SysV, ""},
	{"semtimedop", [6]Role{Value, Buffer, Size, Buffer}, SysV, ""},
	{"semtimedop_time64", [6]Role{Value, Buffer, Size, Buffer}, SysV, ""},
	{"semctl", [6]Role{Value, Value, Value, Value}, SysV, ""},
	{"shmget", [6]Role{Value, Size, Value}, SysV, ""},
	{"shmat", [6]Role{Value, Value, Value}, SysV, ""},
	{"shmdt", [6]Role{Value}, SysV, ""},
	{"shmctl", [6]Role{Value, Value, Buffer}, SysV, ""},
	{"ipc", [6]Role{Value, Value, Value, Value, Buffer, Value}, SysV, "holds all of System V IPC on 386"},
	{"mq_open", [6]Role{Name, OpenFlags, Mode, Buffer}, SysV, "the name is in the IPC namespace, not in the file system"},
	{"mq_unlink", [6]Role{Name}, SysV, ""},
}
