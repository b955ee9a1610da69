// Package docs holds the documentation that is derived from the code, and the tests
// that keep it true.
package docs
