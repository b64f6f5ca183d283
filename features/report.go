package features

import "errors"

// A Result is one line of a [Report].
type Result struct {
	Name       string `json:"name"`
	Purpose    string `json:"purpose"`
	Works      bool   `json:"works"`
	Conclusive bool   `json:"conclusive"` // false: the probe could not find out, and Works is false
	Error      string `json:"error,omitempty"`
	Hint       string `json:"hint,omitempty"`
}

// Report probes every feature, one after the other, in the order of [All].
func Report() []Result {
	var results []Result
	for _, f := range All() {
		results = append(results, f.result())
	}
	return results
}

func (f Feature) result() Result {
	r := Result{Name: f.Name, Purpose: f.Purpose}
	err := f.Probe()
	r.Works = err == nil
	r.Conclusive = r.Works || errors.Is(err, errors.ErrUnsupported)
	if err != nil {
		r.Error = errors.Unwrap(err).Error() // the name is already there
		r.Hint = f.Hint(err)
	}
	return r
}
