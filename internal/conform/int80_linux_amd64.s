#include "textflag.h"

// func int80(nr, a, b, c, d, e uintptr) int
// The kernel keeps all registers but AX since Linux 4.17, and clears R8 to R11 before; ABI0 lets both happen.
TEXT ·int80(SB), NOSPLIT, $0-56
	MOVQ nr+0(FP), AX
	MOVQ a+8(FP), BX
	MOVQ b+16(FP), CX
	MOVQ c+24(FP), DX
	MOVQ d+32(FP), SI
	MOVQ e+40(FP), DI
	INT  $0x80
	MOVLQSX AX, AX
	MOVQ AX, ret+48(FP)
	RET
