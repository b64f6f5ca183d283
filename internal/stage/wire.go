package stage

import (
	"encoding/binary"
	"errors"
	"reflect"
)

// The two ends are the same program, so that a message needs no description of
// itself: its values follow each other in the order of its type, a length in
// front of what has one. Strings are any bytes. gob and JSON do the same, and
// take longer to get ready than the rest of the start.

func encode(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			return append(b, 1)
		}
		return append(b, 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return binary.AppendVarint(b, v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return binary.AppendUvarint(b, v.Uint())
	case reflect.String:
		return append(binary.AppendUvarint(b, uint64(v.Len())), v.String()...)
	case reflect.Pointer:
		if v.IsNil() {
			return append(b, 0)
		}
		return encode(append(b, 1), v.Elem())
	case reflect.Slice:
		if v.IsNil() {
			return append(b, 0)
		}
		b = binary.AppendUvarint(b, uint64(v.Len())+1)
		for i := range v.Len() {
			b = encode(b, v.Index(i))
		}
		return b
	case reflect.Struct:
		for i := range v.NumField() {
			b = encode(b, v.Field(i))
		}
		return b
	}
	panic("stage: no encoding for " + v.Type().String())
}

var errShort = errors.New("message too short")

type decoder struct {
	data []byte
	err  error
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.data)
	d.skip(n)
	return v
}

func (d *decoder) skip(n int) {
	if n <= 0 || n > len(d.data) {
		d.err, d.data = errShort, nil
		return
	}
	d.data = d.data[n:]
}

// length is a count of values that take at least a byte each.
func (d *decoder) length(n uint64) int {
	if n > uint64(len(d.data)) {
		d.err, d.data = errShort, nil
		return 0
	}
	return int(n)
}

func (d *decoder) decode(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(d.uvarint() != 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, size := binary.Varint(d.data)
		d.skip(size)
		v.SetInt(n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		v.SetUint(d.uvarint())
	case reflect.String:
		n := d.length(d.uvarint())
		v.SetString(string(d.data[:n]))
		d.data = d.data[n:]
	case reflect.Pointer:
		if d.uvarint() != 0 {
			v.Set(reflect.New(v.Type().Elem()))
			d.decode(v.Elem())
		}
	case reflect.Slice:
		d.slice(v)
	case reflect.Struct:
		for i := range v.NumField() {
			d.decode(v.Field(i))
		}
	}
}

func (d *decoder) slice(v reflect.Value) {
	n := d.uvarint()
	if n == 0 {
		return
	}
	length := d.length(n - 1)
	v.Set(reflect.MakeSlice(v.Type(), length, length))
	for i := range length {
		d.decode(v.Index(i))
	}
}
