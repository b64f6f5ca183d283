#include "textflag.h"

// func int80(nr int) int
// The kernel keeps all registers but AX since Linux 4.17, and clears R8 to R11 before; ABI0 lets both happen.
TEXT ·int80(SB), NOSPLIT, $0-16
	MOVQ nr+0(FP), AX
	INT  $0x80
	MOVLQSX AX, AX
	MOVQ AX, ret+8(FP)
	RET
